-- Objects of a region of the sky with clean photometry and a redshift without warning.
-- In order of field, so that a limit (TOP) asks for few frames.
SELECT $top
    p.objID AS id,
    p.ra AS ra,
    p.dec AS dec,
    s.z AS redshift,
    s.zErr AS redshiftError,
    s.class AS class,
    p.run AS run,
    p.camcol AS camcol,
    p.field AS field,
    p.modelMag_u AS u,
    p.modelMag_g AS g,
    p.modelMag_r AS r,
    p.modelMag_i AS i,
    p.modelMag_z AS z,
    p.extinction_u AS extinction_u,
    p.extinction_g AS extinction_g,
    p.extinction_r AS extinction_r,
    p.extinction_i AS extinction_i,
    p.extinction_z AS extinction_z
FROM PhotoObj AS p
JOIN SpecObj AS s ON s.bestObjID = p.objID
WHERE p.clean = 1
    AND s.zWarning = 0
    AND p.ra BETWEEN $ra_min AND $ra_max
    AND p.dec BETWEEN $dec_min AND $dec_max
ORDER BY p.run, p.camcol, p.field, p.objID

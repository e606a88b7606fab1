"use strict";
// The chosen object: its pictures, its PDF and its address; the filter of the table.
// Bokeh draws its document after the page has loaded.
(function begin() {
  if (!window.Bokeh?.documents[0]?.get_model_by_name("objects")) return void setTimeout(begin, 50);
  const provider = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("table"))?.data;
  if (!provider) return void setTimeout(begin, 50);
  const part = name => Bokeh.documents[0].get_model_by_name(name);
  const objects = part("objects"), shown = part("shown"), drawn = part("drawn");
  const curve = part("pdf"), truth = part("truth"), densities = part("densities");
  const bars = part("pixels");
  const page = JSON.parse(document.getElementById("objects-data").textContent);
  const rows = objects.data.object.length, grid = page.pdfs.grid, nodes = grid.length;
  // densities at the nodes of the PDF at a place, null without a PDF
  function reader(packed) {
    const levels = Uint8Array.from(atob(packed.levels), letter => letter.charCodeAt(0)), starts = [];
    packed.counts.reduce((sum, count, place) => (starts[place] = sum) + count, 0);
    return place => {
      const count = packed.counts[place];
      if (!count) return null;
      const density = new Array(nodes).fill(0);
      for (let k = 0; k < count; k++) density[packed.first[place] + k] = levels[starts[place] + k] / 255 * packed.scale[place];
      return density;
    };
  }
  const densityOf = reader(page.pdfs), combiners = page.combiners, densitiesOf = combiners.pdfs.map(reader);
  const placesOfCombiners = new Map(combiners.rows.map((row, place) => [row, place]));
  const panel = document.getElementById("chosen");

  // place of the PDF of each row; not all rows of a large table have one
  const places = page.rows && new Map(page.rows.map((row, place) => [row, place]));
  const keys = {}, titles = part("table").columns.map(column => [column.field, column.title]);
  const inside = () => Bokeh.index.find_one(part("table")).shadow_el;
  const heads = () => inside().querySelectorAll(".slick-header-column");
  // a key sorts by a column, arrows choose the next row, and Tab leaves the table
  function openToKeys() {
    if (!heads().length) return void setTimeout(openToKeys, 50);
    for (const one of inside().querySelectorAll('[tabindex="0"]')) one.tabIndex = -1;
    for (const head of heads()) Object.assign(head, {tabIndex: 0, role: "button"});
    const body = inside().querySelector(".slick-viewport-left");
    body.tabIndex = 0;
    body.setAttribute("aria-label", "Table of objects. Arrows up and down choose an object.");
    inside().addEventListener("keydown", event => {
      const head = event.target.closest(".slick-header-column"), by = {ArrowDown: 1, ArrowUp: -1}[event.key];
      const act = head && (event.key === "Enter" || event.key === " ") ? () => head.click() : !head && by ? () => step(by) : null;
      if (!act && event.key !== "Tab") return;
      event.stopPropagation();
      if (!act) return;
      event.preventDefault();
      act();
    }, true);
  }
  openToKeys();
  // Bokeh makes an object of every row before it sorts, which takes seconds for 100,000 rows
  provider.sort = columns => {
    const [column] = columns, name = column?.sortCol.field;
    if (!name) return void (provider.index = Array.from(shown.indices).sort((a, b) => a - b));
    keys[name] ??= redpixTable.sortKeys(objects.data[name]);
    redpixTable.sortRows(provider.index, keys[name], column.sortAsc);
    const order = column.sortAsc ? "up" : "down";
    heads().forEach((head, k) => head.setAttribute("aria-label", titles[k][1] + (titles[k][0] === name ? `, sorted ${order}` : "")));
    Bokeh.index.find_one(part("table")).grid.scrollRowToTop(0);
  };

  // PDF of the object and of each combiner, and histogram of the pixels. A run whose file has no PDF
  // of the summed aperture shows a Gaussian of its value and error
  function showPdf(row, details) {
    const place = places ? places.get(row) : row, highest = grid[nodes - 1];
    const line = density => density ? {z: grid, p: density} : {z: [], p: []};
    const tops = [];
    const draw = (name, density) => { part(name).data = line(density); if (density) tops.push(...density); };
    draw("pdf", place === undefined ? null : densityOf(place));
    const counts = details?.counts ?? [], step = highest / counts.length, total = counts.reduce((a, b) => a + b, 0);
    const heights = counts.map(count => count / total / step);
    bars.data = {left: counts.map((_, k) => k * step), right: counts.map((_, k) => (k + 1) * step), top: heights};
    const among = placesOfCombiners.get(row);
    combiners.names.forEach((name, k) => draw(`pdf-${name}`, among === undefined ? null : densitiesOf[k](among)));
    if (!combiners.names.includes("aperture")) {
      const [z, error] = ["z_aperture", "z_aperture_error"].map(name => Number(valueOf(details, name) || NaN));
      draw("pdf-aperture", error > 0 ? grid.map(x => Math.exp(-0.5 * ((x - z) / error) ** 2) / error / Math.sqrt(2 * Math.PI)) : null);
    }
    const top = Math.max(0, ...heights, ...tops);
    if (top > 0) densities.end = 1.05 * top;
    const redshift = objects.data.redshift[row];
    truth.visible = Number.isFinite(redshift);
    if (truth.visible) truth.location = redshift;
  }
  const valueOf = (details, name) => details?.row?.[page.columns.indexOf(name)];

  function link(text, address) {
    const element = document.createElement("a");
    element.textContent = text;
    element.href = address;
    element.target = "_blank";
    element.rel = "noopener noreferrer";
    return element;
  }

  const make = (tag, words, ...parts) => {
    const element = Object.assign(document.createElement(tag), words);
    element.append(...parts);
    return element;
  };

  // a picture of few pixels, and the edge of the object's segment on it
  function picture(source, text, details) {
    const [width, height] = details.size, space = "http://www.w3.org/2000/svg";
    const bits = Uint8Array.from(atob(details.inside), letter => letter.charCodeAt(0));
    const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height &&
      bits[(x + y * width) >> 3] >> (7 - (x + y * width) % 8) & 1;
    let edge = "";
    for (let y = 0; y <= height; y++) for (let x = 0; x <= width; x++) {
      if (inside(x, y) !== inside(x, y - 1)) edge += `M${x} ${y}h1`;
      if (inside(x, y) !== inside(x - 1, y)) edge += `M${x} ${y}v1`;
    }
    const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", edge);
    svg.append(path);
    const image = make("img", {src: source, alt: text, width, height});
    return make("figure", {}, make("div", {className: "cut"}, image, svg), make("figcaption", {textContent: text}));
  }

  const number = (value, digits) => Number.isFinite(Number(value)) && value !== "" && value !== undefined ? Number(value).toFixed(digits) : "–";
  function estimates(details) {
    const list = make("dl", {className: "facts"});
    const add = (name, text) => list.append(make("div", {}, make("dt", {textContent: name}), make("dd", {textContent: text})));
    for (const name of page.columns) if (name.startsWith("combined_"))
      add(`pixels, ${name.slice(9)}`, number(valueOf(details, name), 3));
    if (page.columns.includes("z_aperture"))
      add("summed aperture", `${number(valueOf(details, "z_aperture"), 3)} ± ${number(valueOf(details, "z_aperture_error"), 3)}`);
    return list;
  }

  // the estimate whose PDF is highest at the true redshift, if it is much higher than the chosen one
  function likelier(row, z) {
    const among = placesOfCombiners.get(row), place = places ? places.get(row) : row;
    if (among === undefined || place === undefined) return "";
    const node = Math.min(Math.max(Math.round((z - grid[0]) / (grid[1] - grid[0])), 0), nodes - 1);
    const at = densitiesOf.map(one => one(among)?.[node] ?? 0), mine = densityOf(place)?.[node] ?? 0, most = Math.max(0, ...at);
    if (most < 0.3 || most < 3 * mine) return "";
    return `At the true redshift, the PDF by “${combiners.names[at.indexOf(most)]}” has a density of ${most.toFixed(1)}, and its own PDF has ${mine.toFixed(1)}.`;
  }

  // what the page can say about a redshift that is off
  function reasons(row, details) {
    const said = [], z = objects.data.redshift[row], near = (details?.near ?? []).map(([one]) => objects.data.redshift[one]);
    const off = objects.data.deviation[row], low = Math.min(...near), high = Math.max(...near), width = 0.05 * (1 + z);
    if (Number.isFinite(off) && Math.abs(off) > 0.05) {
      if (near.length && (z < low - width || z > high + width))
        said.push(`The training objects nearest in magnitude and colours have redshifts from ${low.toFixed(3)} to ${high.toFixed(3)}, and the true redshift lies outside: its colours look like those of other redshifts.`);
      const favours = likelier(row, z);
      if (favours) said.push(favours);
      const mean = Number(valueOf(details, "combined_mean") || NaN), nearest = details?.near?.[0]?.[1];
      if (Math.abs(mean - z) < 0.6 * Math.abs(objects.data.z_phot[row] - z))
        said.push(`The mean of its pixels, ${mean.toFixed(3)}, is nearer to the true redshift than their combination.`);
      if (nearest > 1.5 * page.nearest)
        said.push(`Few training objects are like it: the nearest is ${nearest.toFixed(2)} away, against ${page.nearest.toFixed(2)} for half of the objects.`);
      if (page.pixels && objects.data.n_pixels[row] < 0.6 * page.pixels)
        said.push(`It has ${objects.data.n_pixels[row]} pixels, fewer than most (median ${page.pixels}).`);
      if (Math.abs(off) * (1 + z) < 2 * objects.data.z_error[row]) said.push("The deviation is within twice the stated error.");
      if (!said.length) said.push("Neighbours, pixels and stated error do not explain the deviation.");
      if (objects.data.class[row] && valueOf(details, "class_phot") && objects.data.class[row] !== valueOf(details, "class_phot"))
        said.push(`Its predicted class is ${valueOf(details, "class_phot")}.`);
    }
    if (Number(valueOf(details, "outside")) > 0.5) said.push("Most of its pixels lie outside the range of the training set.");
    return said.join(" ");
  }

  function neighbours(near) {
    const table = make("table", {className: "compact"}, make("caption", {textContent: "Nearest training objects in magnitude and colours of the summed pixels, in units of their scatter"}));
    table.append(make("thead", {innerHTML: '<tr><th>object</th><th>class</th><th class="number">distance</th><th class="number">magnitude</th><th class="number">z</th></tr>'}));
    const body = make("tbody");
    for (const [one, distance] of near) {
      const go = make("a", {href: `#object=${encodeURIComponent(objects.data.object[one])}`, textContent: objects.data.object[one]});
      const cells = [number(distance, 2), number(objects.data.magnitude[one], 2), number(objects.data.redshift[one], 4)];
      body.append(make("tr", {}, make("th", {}, go), make("td", {textContent: objects.data.class[one] || "unknown"}),
        ...cells.map(textContent => make("td", {className: "number", textContent}))));
    }
    table.append(body);
    return make("div", {className: "scroll"}, table);
  }

  function wholeRow(details) {
    const list = make("dl", {className: "facts"});
    page.columns.forEach((name, k) => list.append(make("div", {}, make("dt", {textContent: name}), make("dd", {textContent: details.row[k] || "–"}))));
    return make("details", {}, make("summary", {textContent: "Its row of objects.csv"}), list);
  }

  function show(row) {
    const id = objects.data.object[row], details = page.details[id];
    const value = (name, digits) => number(objects.data[name][row], digits);
    const facts = make("p", {textContent: `Object ${id} in ${objects.data.field[row]}, ${objects.data.class[row] || "class unknown"}, ` +
      `${objects.data.n_pixels[row]} pixels. True redshift ${value("redshift", 4)}, predicted ` +
      `${value("z_phot", 4)} ± ${value("z_error", 4)}, PIT ${value("pit", 3)}. `});
    const ra = objects.data.ra[row], dec = objects.data.dec[row], place = `${ra.toFixed(6)} ${dec.toFixed(6)}`;
    if (Number.isFinite(ra + dec)) facts.append(link("Aladin Lite", "https://aladin.cds.unistra.fr/AladinLite/?fov=0.03&target=" + encodeURIComponent(place)),
      " ", link("Legacy Surveys", `https://www.legacysurvey.org/viewer?ra=${ra.toFixed(6)}&dec=${dec.toFixed(6)}&zoom=16`));
    const plots = panel.nextElementSibling, top = panel.getBoundingClientRect().top, before = plots.getBoundingClientRect().top;
    panel.replaceChildren(facts);
    const why = reasons(row, details);
    if (why) panel.append(make("p", {className: "why", textContent: why}));
    if (details?.cut) {
      panel.append(picture(details.cut, `Object ${id} in colour; the line is the edge of its segment`, details));
      if (details.map) panel.append(picture(details.map, "Redshift of each pixel", details));
    } else panel.append(make("p", {textContent: "This object has no picture on the page."}));
    if (details?.row) panel.append(make("div", {className: "about"}, estimates(details), ...(details.near.length ? [neighbours(details.near)] : []), wholeRow(details)));
    // the plots stay under the finger that chose
    if (top < 0 && before < innerHeight) scrollBy({top: plots.getBoundingClientRect().top - before, behavior: "instant"});
    showPdf(row, details);
    // a page inside another page may have no address
    try { history.replaceState(null, "", "#object=" + encodeURIComponent(id)); } catch { /* no link */ }
  }

  objects.selected.properties.indices.change.connect(() => {
    const chosen = objects.selected.indices;
    document.getElementById("count").textContent = chosen.length ? `${chosen.length} chosen` : "";
    if (!chosen.length) return;
    show(chosen[0]);
    const place = Array.from(provider.index).indexOf(chosen[0]);
    if (place >= 0) Bokeh.index.find_one(part("table")).grid.scrollRowIntoView(place);
  });

  function choose(row) { objects.selected.indices = [row]; }

  // of very many rows, plots draw those furthest off, and others evenly
  let order = null, later = 0;
  function thinned(found) {
    const most = page.most_drawn;
    if (found.length <= most) return found;
    const off = row => { const value = Math.abs(objects.data.deviation[row]); return Number.isFinite(value) ? value : -1; };
    order ??= Uint32Array.from({length: rows}, (_, row) => row).sort((a, b) => off(b) - off(a));
    const state = new Uint8Array(rows);
    for (const row of found) state[row] = 1;
    let furthest = 0;
    for (const row of order) if (furthest < most / 2 && state[row] === 1) { state[row] = 2; furthest++; }
    const step = found.length / (most / 2);
    for (let k = 0; k < most / 2; k++) state[found[Math.floor(k * step)]] = 2;
    return found.filter(row => state[row] === 2);
  }
  let kept = null; // rows that were chosen and are shown alone
  function filter(text) {
    const {problem, tests} = redpixTable.understand(text, objects.data, titles), found = [];
    if (!problem) for (let row = 0; row < rows; row++) if ((!kept || kept.has(row)) && tests.every(one => one(row))) found.push(row);
    document.getElementById("filtered").textContent = problem || `${found.length} of ${kept ? `the ${kept.size} kept` : rows} objects`;
    if (problem) return;
    if (found.length !== shown.indices.length || text || kept) shown.indices = found;
    // the table answers at once; plots of many points follow when it is drawn
    clearTimeout(later);
    const plot = () => { drawn.indices = thinned(found); };
    if (rows > page.most_drawn) later = setTimeout(plot, 150);
    else plot();
  }
  const input = document.getElementById("filter");
  input.addEventListener("input", () => filter(input.value));
  filter("");

  // as the metrics: held-out objects other than stars, if there are any
  document.getElementById("worst").addEventListener("click", () => {
    const held = row => objects.data.split[row] === "test", galaxy = row => objects.data.class[row] !== "STAR";
    const known = Array.from(shown.indices).filter(row => Number.isFinite(objects.data.deviation[row]));
    const rows = [row => held(row) && galaxy(row), held, () => true].map(one => known.filter(one)).find(some => some.length) ?? [];
    const off = row => Math.abs(objects.data.deviation[row]);
    if (rows.length) choose(rows.reduce((best, row) => off(row) > off(best) ? row : best));
  });
  // in the order of the table
  function step(by) {
    const order = Array.from(provider.index), now = order.indexOf(objects.selected.indices[0]);
    if (!order.length) return;
    if (now < 0) choose(by > 0 ? order[0] : order[order.length - 1]);
    else choose(order[(now + by + order.length) % order.length]);
  }
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("keep").addEventListener("click", () => {
    if (objects.selected.indices.length) kept = new Set(objects.selected.indices);
    filter(input.value);
  });
  document.getElementById("brush").addEventListener("click", () => {
    objects.selected.indices = [];
    kept = null;
    filter(input.value);
  });

  function follow() {
    const wanted = /^#object=(.+)$/.exec(location.hash);
    if (!wanted) return;
    let id = wanted[1];
    try { id = decodeURIComponent(id); } catch { /* an address that a person wrote */ }
    const row = Array.from(objects.data.object).indexOf(id);
    if (row >= 0) choose(row);
    else panel.replaceChildren(make("p", {textContent: `Object ${id} is not among the ${rows} objects of this page.`}));
    document.getElementById("explore").scrollIntoView();
  }
  addEventListener("hashchange", follow);
  follow();
  document.getElementById("explore").dataset.ready = "yes";
})();

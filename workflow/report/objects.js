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
  const page = JSON.parse(document.getElementById("objects-data").textContent);
  const levels = Uint8Array.from(atob(page.pdfs.levels), letter => letter.charCodeAt(0));
  const rows = objects.data.object.length, nodes = page.pdfs.grid.length;
  const panel = document.getElementById("chosen");

  // place of the PDF of each row; not all rows of a large table have one
  const places = page.rows && new Map(page.rows.map((row, place) => [row, place]));
  // Bokeh makes an object of every row before it sorts, which takes seconds for 100,000 rows
  provider.sort = columns => {
    const [column] = columns, values = column && objects.data[column.sortCol.field];
    if (!values) return void (provider.index = Array.from(shown.indices).sort((a, b) => a - b));
    const sign = column.sortAsc ? 1 : -1, numbers = typeof values[0] === "number";
    const key = Array.from(values, one => numbers && Number.isNaN(one) ? sign * Infinity : one);
    provider.index.sort(numbers ? (a, b) => sign * (key[a] - key[b] || 0) :
      (a, b) => key[a] < key[b] ? -sign : key[a] > key[b] ? sign : 0);
  };

  function showPdf(row) {
    const place = places ? places.get(row) : row;
    if (place === undefined) curve.data = {z: [], p: []};
    else {
      const scale = page.pdfs.scale[place];
      const density = Array.from(levels.slice(place * nodes, (place + 1) * nodes), x => x / 255 * scale);
      curve.data = {z: page.pdfs.grid, p: density};
      densities.end = 1.05 * scale;
    }
    const redshift = objects.data.redshift[row];
    truth.visible = Number.isFinite(redshift);
    if (truth.visible) truth.location = redshift;
  }

  function link(text, address) {
    const element = document.createElement("a");
    element.textContent = text;
    element.href = address;
    element.target = "_blank";
    element.rel = "noopener noreferrer";
    return element;
  }

  function picture(source, text) {
    const figure = document.createElement("figure"), image = document.createElement("img");
    image.src = source;
    image.alt = text;
    const caption = document.createElement("figcaption");
    caption.textContent = text;
    figure.append(image, caption);
    return figure;
  }

  function show(row) {
    const id = objects.data.object[row], details = page.details[id];
    const facts = document.createElement("p");
    const value = (name, digits) => Number(objects.data[name][row]).toFixed(digits);
    facts.textContent = `Object ${id} in ${objects.data.field[row]}, ${objects.data.class[row] || "class unknown"}, ` +
      `${objects.data.n_pixels[row]} pixels. True redshift ${value("redshift", 4)}, predicted ` +
      `${value("z_phot", 4)} ± ${value("z_error", 4)}, PIT ${value("pit", 3)}. `;
    const place = `${objects.data.ra[row].toFixed(6)} ${objects.data.dec[row].toFixed(6)}`;
    facts.append(link("This place in Aladin Lite", "https://aladin.cds.unistra.fr/AladinLite/?fov=0.03&target=" + encodeURIComponent(place)));
    panel.replaceChildren(facts);
    if (details) {
      panel.append(picture(details.cut, `Object ${id} in colour; the line is the edge of its segment`));
      if (details.map) panel.append(picture(details.map, "Redshift of each pixel"));
    } else {
      const note = document.createElement("p");
      note.textContent = "This object has no picture on the page.";
      panel.append(note);
    }
    showPdf(row);
    history.replaceState(null, "", "#object=" + encodeURIComponent(id));
  }

  objects.selected.properties.indices.change.connect(() => {
    const chosen = objects.selected.indices;
    document.getElementById("count").textContent = chosen.length ? `${chosen.length} chosen` : "";
    if (chosen.length) show(chosen[0]);
  });

  function choose(row) { objects.selected.indices = [row]; }

  // "z_phot > 0.3 class = GALAXY field = 9001": all conditions, separated by spaces
  const operations = {
    "=": (a, b) => String(a).toLowerCase().includes(b.toLowerCase()),
    "<": (a, b) => Number(a) < Number(b),
    ">": (a, b) => Number(a) > Number(b),
  };
  // of very many rows, plots draw those furthest off, and others evenly
  let order = null;
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
  function filter(text) {
    const conditions = [...text.matchAll(/([\w-]+)\s*([=<>])\s*(\S+)/g)];
    const unknown = conditions.filter(([, name]) => !(name in objects.data)).map(([, name]) => name);
    const left = text.replace(/([\w-]+)\s*([=<>])\s*(\S+)/g, "").trim();
    const problem = unknown.length ? `unknown column: ${unknown.join(", ")}` : left ? `not understood: ${left}` : "";
    const found = [];
    if (!problem) for (let row = 0; row < rows; row++)
      if (conditions.every(([, name, sign, value]) => operations[sign](objects.data[name][row], value))) found.push(row);
    document.getElementById("filtered").textContent = problem || `${found.length} of ${rows} objects`;
    if (problem) return;
    if (found.length !== shown.indices.length || text) shown.indices = found;
    drawn.indices = thinned(found);
  }
  const input = document.getElementById("filter");
  input.addEventListener("input", () => filter(input.value));
  filter("");

  document.getElementById("worst").addEventListener("click", () => {
    let worst = 0, most = -1;
    for (const row of shown.indices) {
      const deviation = Math.abs(objects.data.deviation[row]);
      if (deviation > most && objects.data.split[row] === "test") [worst, most] = [row, deviation];
    }
    choose(worst);
  });
  function step(by) {
    const order = Array.from(shown.indices), now = order.indexOf(objects.selected.indices[0]);
    choose(order[(now + by + order.length) % order.length]);
  }
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("brush").addEventListener("click", () => { objects.selected.indices = []; });

  function follow() {
    const wanted = /^#object=(.+)$/.exec(location.hash);
    const row = wanted ? Array.from(objects.data.object).indexOf(decodeURIComponent(wanted[1])) : -1;
    if (row >= 0) { choose(row); document.getElementById("explore").scrollIntoView(); }
  }
  addEventListener("hashchange", follow);
  follow();
  document.getElementById("explore").dataset.ready = "yes";
})();

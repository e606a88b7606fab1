"use strict";
// Cut-outs of transients: sort, filter, blink, mark as real or bogus, save and read the marks.
(() => {
  const rows = JSON.parse(document.getElementById("stamps-data").textContent);
  const list = document.getElementById("stamps"), count = document.getElementById("changes-count");
  const key = row => `${row.pair}/${row.band}/${row.id}`;
  const marks = new Map();
  let shown = [], now = -1, saved = true;

  const make = (tag, words) => Object.assign(document.createElement(tag), words);

  function card(row) {
    const item = make("li", {tabIndex: -1}), name = `${row.pair} ${row.band} ${row.id}`;
    item.dataset.key = key(row);
    const blink = make("span", {className: "blink"});
    blink.append(make("img", {src: row.new, alt: `New image of ${name}`}));
    blink.append(make("img", {src: row.ref, alt: `Reference of ${name}`}));
    const pictures = make("div", {className: "triplet"});
    pictures.append(blink, make("img", {src: row.ref, alt: `Reference of ${name}`}),
      make("img", {src: row.difference, alt: `Difference of ${name}`}));
    const score = row.score === null ? "" : `, score ${row.score.toFixed(2)}`;
    const words = make("p", {textContent: `${name}: ${row.kind}, ${row.scorr === null ? "–" : row.scorr.toFixed(1)} sigma${score}` +
      (row.flags.length ? `, ${row.flags.join(" ")}` : "") + (row.known_as ? `, ${row.known_as}` : "")});
    if (row.host_id) {
      const host = document.getElementById("explore") ? make("a", {href: `#object=${encodeURIComponent(row.host_id)}`}) : make("span");
      host.textContent = `host ${row.host_id}`;
      words.append(", ", host, row.host_z_phot === null ? "" : ` at z ${row.host_z_phot.toFixed(3)}`);
    }
    const note = make("input", {type: "text", placeholder: "note", value: marks.get(key(row))?.note ?? ""});
    note.setAttribute("aria-label", `Note on ${name}`);
    note.addEventListener("change", () => mark(row, marks.get(key(row))?.mark ?? "", note.value));
    const buttons = ["real", "bogus"].map(kind => {
      const button = make("button", {type: "button", textContent: kind});
      button.addEventListener("click", () => mark(row, kind, note.value));
      return button;
    });
    item.append(pictures, words, ...(row.curve ? [lightCurve(row.curve, name)] : []), ...buttons, note);
    item.addEventListener("focusin", () => { now = shown.indexOf(row); });
    dress(item, row);
    return item;
  }

  // flux difference against time; filled: found at that epoch
  function lightCurve(points, name) {
    const space = "http://www.w3.org/2000/svg", W = 240, H = 70;
    const draw = (tag, values, text) => {
      const element = document.createElementNS(space, tag);
      for (const [key, value] of Object.entries(values)) element.setAttribute(key, value);
      if (text) element.textContent = text;
      return element;
    };
    const t = points.map(one => one[0]), low = Math.min(0, ...points.map(one => one[1] - one[2])), high = Math.max(0, ...points.map(one => one[1] + one[2]));
    const first = Math.min(...t), span = Math.max(...t) - first || 1;
    const X = value => 6 + (value - first) / span * (W - 12), Y = value => H - 16 - (value - low) / (high - low || 1) * (H - 22);
    const chart = draw("svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Light curve of ${name}`, class: "curve"});
    chart.append(draw("line", {x1: 0, x2: W, y1: Y(0), y2: Y(0), class: "zero"}));
    for (const [time, flux, error, found] of points) {
      chart.append(draw("line", {x1: X(time), x2: X(time), y1: Y(flux - error), y2: Y(flux + error), class: "zero"}));
      chart.append(draw("circle", {cx: X(time), cy: Y(flux), r: 2.6, class: found ? "found" : "open"}));
    }
    chart.append(draw("text", {x: 0, y: H - 2}, `${points.length} epochs in ${(24 * span).toPrecision(3)} hours`));
    return chart;
  }

  function dress(item, row) {
    item.dataset.mark = marks.get(key(row))?.mark ?? "";
    for (const button of item.querySelectorAll("button")) button.setAttribute("aria-pressed", button.textContent === item.dataset.mark);
  }

  function mark(row, kind, note) {
    saved = false;
    if (kind || note) marks.set(key(row), {mark: kind, note: note ?? ""});
    else marks.delete(key(row));
    const item = list.children[shown.indexOf(row)];
    if (item) dress(item, row);
    tell();
  }

  function tell() {
    count.textContent = `${shown.length} of ${rows.length} changes, ${marks.size} marked`;
  }

  function draw() {
    const flagged = document.getElementById("flagged").checked;
    const least = Number(document.getElementById("least").value), order = document.getElementById("order").value;
    const wanted = document.getElementById("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = row => `${row.pair} ${row.band} ${row.id} ${row.kind} ${row.flags.join(" ")} ${row.known_as ?? ""} ${row.host_id ? `host ${row.host_id}` : ""} ${marks.get(key(row))?.mark ?? ""}`.toLowerCase();
    shown = rows.filter(row => (flagged || !row.flags.length) && (row.score ?? 1) >= least && wanted.every(word => text(row).includes(word)));
    const value = {score: row => -(row.score ?? 0), doubt: row => row.score ?? 0, scorr: row => -Math.abs(row.scorr),
      mag: row => row.mag ?? Infinity, host: row => row.host_id ? row.host_z_phot ?? 1e9 : Infinity}[order];
    // the order of the table for equal values
    if (value) shown.sort((a, b) => value(a) - value(b) || 0);
    list.replaceChildren(...shown.map(card));
    now = -1;
    tell();
  }

  function step(by) {
    if (!shown.length) return;
    now = now < 0 ? 0 : Math.min(Math.max(now + by, 0), shown.length - 1);
    list.children[now].focus();
  }

  const quoted = text => `"${String(text).replaceAll('"', '""')}"`;
  const columns = ["pair", "band", "id", "ra", "dec", "x", "y", "mark", "note", "features"];
  function table() {
    const lines = rows.filter(row => marks.has(key(row))).map(row => {
      const {mark, note} = marks.get(key(row));
      return columns.map(name => ({mark, note})[name] ?? row[name] ?? "").map(quoted).join(",");
    });
    return [columns.join(","), ...lines].join("\n") + "\n";
  }

  // cells with or without quotes, columns in any order; a spreadsheet may have saved semicolons or tabs
  function read(text) {
    const [first, ...lines] = text.replace(/^\ufeff/, "").split(/\r?\n/), parts = mark => first.split(mark).length;
    const between = [",", ";", "\t"].reduce((best, mark) => parts(mark) > parts(best) ? mark : best);
    const cells = new RegExp(`(?:^|${between})(?:"((?:[^"]|"")*)"|([^${between}]*))`, "g");
    const cut = line => [...line.matchAll(cells)].map(cell => (cell[1] ?? cell[2] ?? "").replaceAll('""', '"'));
    const names = cut(first);
    const known = new Set(rows.map(key));
    let taken = 0, others = 0;
    for (const line of lines) {
      if (!line.trim()) continue;
      const row = cut(line), cell = name => row[names.indexOf(name)] ?? "";
      const place = `${cell("pair")}/${cell("band")}/${cell("id")}`;
      if (!known.has(place)) { others++; continue; }
      marks.set(place, {mark: cell("mark"), note: cell("note")});
      taken++;
    }
    draw();
    count.textContent += `; ${taken} marks read` + (others ? `, ${others} of other changes left out` : "");
  }

  document.getElementById("save-marks").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([table()], {type: "text/csv"}));
    make("a", {href: address, download: "marks.csv"}).click();
    URL.revokeObjectURL(address);
    saved = true;
  });
  // marks live on this page only
  addEventListener("beforeunload", event => { if (!saved && marks.size) event.preventDefault(); });
  document.getElementById("read-marks").addEventListener("change", async event => {
    read(await event.target.files[0].text());
  });
  for (const name of ["flagged", "least", "order", "words"]) document.getElementById(name).addEventListener("input", draw);
  addEventListener("keydown", event => {
    if (["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    // elsewhere on the page, keys belong to what has the focus; a mark needs a card in focus
    const inside = list.contains(event.target);
    if (!inside && event.target !== document.body) return;
    const act = {n: () => step(1), p: () => step(-1)}[event.key];
    const kind = {r: "real", b: "bogus", u: ""}[event.key];
    if (act) act();
    else if (kind !== undefined && inside && now >= 0) mark(shown[now], kind, kind ? marks.get(key(shown[now]))?.note : "");
  });
  draw();
  window.redpixMarks = {table, read};
})();

"use strict";
// Cut-outs of transients: filter, blink, mark as real or bogus, save and read the marks.
(() => {
  const rows = JSON.parse(document.getElementById("stamps-data").textContent);
  const list = document.getElementById("stamps"), count = document.getElementById("changes-count");
  const key = row => `${row.pair}/${row.band}/${row.id}`;
  const marks = new Map();
  let shown = [], now = -1;

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
    const words = make("p", {textContent: `${name}: ${row.kind}, ${row.scorr.toFixed(1)} sigma${score}` +
      (row.flags.length ? `, ${row.flags.join(" ")}` : "") + (row.known_as ? `, ${row.known_as}` : "")});
    const note = make("input", {type: "text", placeholder: "note", value: marks.get(key(row))?.note ?? ""});
    note.setAttribute("aria-label", `Note on ${name}`);
    note.addEventListener("change", () => mark(row, marks.get(key(row))?.mark ?? "", note.value));
    const buttons = ["real", "bogus"].map(kind => {
      const button = make("button", {type: "button", textContent: kind});
      button.addEventListener("click", () => mark(row, kind, note.value));
      return button;
    });
    item.append(pictures, words, ...buttons, note);
    item.addEventListener("focusin", () => { now = shown.indexOf(row); });
    dress(item, row);
    return item;
  }

  function dress(item, row) { item.dataset.mark = marks.get(key(row))?.mark ?? ""; }

  function mark(row, kind, note) {
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
    const least = Number(document.getElementById("least").value);
    shown = rows.filter(row => (flagged || !row.flags.length) && (row.score ?? 1) >= least);
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
  function table() {
    const lines = rows.filter(row => marks.has(key(row))).map(row => {
      const {mark, note} = marks.get(key(row));
      return [row.pair, row.band, row.id, row.ra, row.dec, mark, note].map(quoted).join(",");
    });
    return ["pair,band,id,ra,dec,mark,note", ...lines].join("\n") + "\n";
  }

  document.getElementById("save-marks").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([table()], {type: "text/csv"}));
    make("a", {href: address, download: "marks.csv"}).click();
    URL.revokeObjectURL(address);
  });
  document.getElementById("read-marks").addEventListener("change", async event => {
    const text = await event.target.files[0].text();
    for (const line of text.split("\n").slice(1)) {
      const cells = [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(cell => cell[1].replaceAll('""', '"'));
      if (cells.length === 7) marks.set(cells.slice(0, 3).join("/"), {mark: cells[5], note: cells[6]});
    }
    draw();
  });
  for (const name of ["flagged", "least"]) document.getElementById(name).addEventListener("input", draw);
  addEventListener("keydown", event => {
    if (["INPUT", "TEXTAREA"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {n: () => step(1), p: () => step(-1)}[event.key];
    const kind = {r: "real", b: "bogus", u: ""}[event.key];
    if (act) act();
    else if (kind !== undefined && now >= 0) mark(shown[now], kind, kind ? marks.get(key(shown[now]))?.note : "");
  });
  draw();
  window.redpixMarks = table;
})();

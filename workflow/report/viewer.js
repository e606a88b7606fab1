"use strict";
// Images with layers: pan, zoom, values under the pointer, marks that tell what they are.
(() => {
  const page = JSON.parse(document.getElementById("viewer-data").textContent);
  const make = (tag, words, ...parts) => {
    const element = Object.assign(document.createElement(tag), words);
    element.append(...parts);
    return element;
  };
  const viridis = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  function ramp(share) {
    const place = Math.min(Math.max(share, 0), 1) * (viridis.length - 1), low = Math.min(Math.floor(place), 3);
    return viridis[low].map((one, k) => one + (place - low) * (viridis[low + 1][k] - one));
  }
  const tint = label => [60 + label * 97 % 180, 60 + label * 57 % 180, 60 + label * 151 % 180];

  // value of a level, without data: null
  function valueOf(layer, level) {
    if (layer.asinh) {
      const [sky, soft, below, levels] = layer.asinh;
      return level ? sky + soft * Math.sinh((level - below) / levels) : null;
    }
    if (layer.linear) return level ? layer.linear[0] + (level - 1) * layer.linear[1] : null;
    return level;
  }
  function words(layer, level) {
    if (layer.bits) {
      const names = layer.bits.filter((_, bit) => level >> bit & 1);
      return names.length ? names.join(" ") : "not masked";
    }
    if (layer.labels) return level ? `object ${layer.labels[level - 1]}` : "no segment";
    const value = valueOf(layer, level);
    return value === null ? "no data" : `${value.toPrecision(4)} ${layer.unit}`;
  }

  function skyOf(table, size, x, y) {
    if (!table) return null;
    const n = table.n - 1, across = x / size[0] * n, up = y / size[1] * n;
    const left = Math.min(Math.max(Math.floor(across), 0), n - 1), low = Math.min(Math.max(Math.floor(up), 0), n - 1);
    const u = across - left, v = up - low, at = left + low * table.n;
    const mix = plane => (1 - v) * ((1 - u) * plane[at] + u * plane[at + 1]) +
      v * ((1 - u) * plane[at + table.n] + u * plane[at + table.n + 1]);
    const [a, b, c] = [mix(table.x), mix(table.y), mix(table.z)], degree = 180 / Math.PI;
    return [(Math.atan2(b, a) * degree + 360) % 360, Math.atan2(c, Math.hypot(a, b)) * degree];
  }

  // height of an image on the page, CSS pixels
  const heightOf = ({size: [width, height]}, across) => Math.min(across * height / width, 0.75 * innerHeight, 620);

  function begin(place) {
    const content = page.viewers[place.dataset.viewer], [width, height] = content.size, tiles = content.tiles;
    // place in the picture of all tiles of each tile of the image, -1 for those that are shrunk only
    const columns = tiles && Math.ceil(width / tiles.side);
    const numbers = tiles && new Int32Array(columns * Math.ceil(height / tiles.side)).fill(-1);
    for (let k = 0; tiles && k < tiles.places.length / 2; k++) numbers[tiles.places[2 * k] + tiles.places[2 * k + 1] * columns] = k;
    const canvas = make("canvas", {tabIndex: 0});
    canvas.setAttribute("role", "img");
    const label = () => canvas.setAttribute("aria-label", `${content.name}: ${content.layers[shown].name}. Arrow keys move, plus and minus zoom, 0 shows all.`);
    const said = make("output", {className: "under"}), told = make("p", {className: "told", textContent: content.marks.length ? "Click a circle." : ""});
    told.setAttribute("aria-live", "polite");
    const choice = make("select", {}, ...content.layers.map((layer, k) => make("option", {value: k, textContent: layer.name})));
    const stretch = make("input", {type: "range", min: -3, max: 3, step: 0.25, value: 0});
    const circles = make("input", {type: "checkbox", checked: true});
    const all = make("button", {type: "button", textContent: "Show all"});
    const tools = make("p", {className: "tools"}, make("label", {}, "Layer ", choice), make("label", {}, "Contrast ", stretch),
      make("label", {}, circles, " circles"), all);
    place.replaceChildren(tools, canvas, said, told);
    const pen = canvas.getContext("2d");
    const layers = content.layers.map(() => null);
    let view = null, shown = 0, chosen = null, picture = null, shrunk = null;
    label();

    function read(uri) {
      return new Promise(done => {
        const image = new Image();
        image.onload = () => {
          const copy = make("canvas", {width: image.width, height: image.height}), brush = copy.getContext("2d", {willReadFrequently: true});
          brush.drawImage(image, 0, 0);
          done(brush.getImageData(0, 0, image.width, image.height));
        };
        image.src = uri;
      });
    }
    async function load(k) {
      const layer = content.layers[k];
      layers[k] ??= {fine: await read(layer.uri), coarse: tiles && await read(layer.coarse.uri)};
      if (k === shown) paint();
    }
    // the level of a pixel, and whether it is that of a block of pixels
    function levelAt(k, column, row) {
      let picture = layers[k].fine, x = column, y = row, block = false;
      if (tiles) {
        const {side, across, factor} = tiles, number = numbers[Math.floor(column / side) + Math.floor(row / side) * columns];
        block = number < 0;
        if (block) [picture, x, y] = [layers[k].coarse, Math.floor(column / factor), Math.floor(row / factor)];
        else [x, y] = [number % across * side + column % side, Math.floor(number / across) * side + row % side];
      }
      const at = 4 * (x + (picture.height - 1 - y) * picture.width), data = picture.data;
      return [content.layers[k].labels ? data[at] + 256 * data[at + 1] : data[at], block];
    }
    const shape = (layer, block) => block ? {...layer, ...layer.coarse} : layer;
    // colours of levels; a block has the colour that a pixel of its value has
    function table(layer, block) {
      const contrast = 2 ** Number(stretch.value), found = [];
      for (let level = 0; level < 256; level++) {
        if (layer.bits) { found.push(level ? [217, 79, 69] : [28, 34, 44]); continue; }
        if (!level) { found.push([150, 165, 150]); continue; }
        let share = (level - 1) / 254;
        if (layer.asinh) {
          const [sky, soft, below, steps] = layer.asinh;
          const like = block ? below + steps * Math.asinh((valueOf(shape(layer, true), level) - sky) / soft) : level;
          share = (like - below + 6 / contrast) * contrast / 70;
        }
        else share = Math.min(Math.max(0.5 + ((level - 1) / layer.linear[2] - 0.5) * contrast, 0), 1);
        const grey = 255 * Math.min(Math.max(share, 0), 1);
        found.push(layer.colours === "viridis" ? ramp(share) : [grey, grey, grey]);
      }
      return found;
    }
    function coloured({data, width, height}, block) {
      const layer = content.layers[shown], result = make("canvas", {width, height});
      const brush = result.getContext("2d"), target = brush.createImageData(width, height);
      const colours = layer.labels ? null : table(layer, block);
      for (let at = 0; at < data.length; at += 4) {
        const label = colours ? 0 : data[at] + 256 * data[at + 1];
        const colour = colours ? colours[data[at]] : label ? tint(label) : [28, 34, 44];
        target.data.set(colour, at);
        target.data[at + 3] = 255;
      }
      brush.putImageData(target, 0, 0);
      return result;
    }
    function paint() {
      if (!layers[shown]) return;
      picture = coloured(layers[shown].fine, false);
      shrunk = tiles && coloured(layers[shown].coarse, true);
      draw();
    }
    // the shrunk image, and on it the tiles that are in sight
    function drawTiles() {
      const {side, across, factor, places} = tiles, {x, y, scale} = view;
      const top = y + height * scale;
      pen.save();
      pen.beginPath();
      pen.rect(x, y, width * scale, height * scale);
      pen.clip();
      pen.drawImage(shrunk, x, top - shrunk.height * factor * scale, shrunk.width * factor * scale, shrunk.height * factor * scale);
      for (let k = 0; k < places.length / 2; k++) {
        const left = Math.round(x + places[2 * k] * side * scale), right = Math.round(x + (places[2 * k] + 1) * side * scale);
        const high = Math.round(top - (places[2 * k + 1] + 1) * side * scale), low = Math.round(top - places[2 * k + 1] * side * scale);
        if (right < 0 || low < 0 || left > canvas.width || high > canvas.height) continue;
        const row = Math.floor(k / across);
        pen.drawImage(picture, k % across * side, picture.height - (row + 1) * side, side, side, left, high, right - left, low - high);
      }
      pen.restore();
    }
    const fitted = () => Math.min(canvas.width / width, canvas.height / height);
    function fit() {
      const scale = fitted();
      canvas.style.touchAction = "pan-y";
      view = {scale, x: (canvas.width - scale * width) / 2, y: (canvas.height - scale * height) / 2};
    }
    let sized = 0;
    function size() {
      sized = place.clientWidth;
      const ratio = devicePixelRatio || 1, across = Math.max(200, place.clientWidth);
      const up = heightOf(content, across);
      canvas.style.height = `${up}px`;
      canvas.width = across * ratio;
      canvas.height = up * ratio;
      fit();
      draw();
    }
    // place on the canvas of a place in the layers: column, row from below
    const across = x => view.x + (x + 0.5) * view.scale, down = y => view.y + (height - 0.5 - y) * view.scale;
    // the middle of the canvas stays inside the image
    function hold() {
      const inside = (start, length, half) => Math.min(Math.max(start, half - length), half);
      view.x = inside(view.x, width * view.scale, canvas.width / 2);
      view.y = inside(view.y, height * view.scale, canvas.height / 2);
    }
    function draw() {
      hold();
      pen.fillStyle = "#0b0e13";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      if (!picture) return;
      pen.imageSmoothingEnabled = view.scale < 1;
      if (tiles) drawTiles();
      else pen.drawImage(picture, view.x, view.y, width * view.scale, height * view.scale);
      if (!circles.checked) return;
      for (const mark of content.marks) {
        pen.strokeStyle = mark === chosen ? "#ff4d9d" : mark.colour;
        pen.lineWidth = (mark === chosen ? 3 : 1.3) * (devicePixelRatio || 1);
        pen.beginPath();
        pen.arc(across(mark.x), down(mark.y), Math.max(4, mark.r * view.scale), 0, 7);
        pen.stroke();
      }
    }
    function spot(event) {
      const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
      return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    }
    const toLayer = ([x, y]) => [(x - view.x) / view.scale - 0.5, height - 0.5 - (y - view.y) / view.scale];
    function nearest(at) {
      let best = null, least = Infinity;
      for (const mark of content.marks) {
        const away = Math.hypot(across(mark.x) - at[0], down(mark.y) - at[1]);
        if (away < least) [best, least] = [mark, away];
      }
      const reach = best ? Math.max(10, best.r * view.scale * 1.2) : 0;
      return least <= reach ? best : null;
    }
    function tell(at) {
      const [x, y] = toLayer(at), column = Math.round(x), row = Math.round(y);
      if (column < 0 || row < 0 || column >= width || row >= height || !layers[shown]) return void (said.textContent = "");
      const [level, block] = levelAt(shown, column, row), layer = content.layers[shown];
      const of = block && !layer.labels ? `, ${layer.bits ? "any" : "mean"} of ${tiles.factor} × ${tiles.factor} pixels` : "";
      const sky = skyOf(content.sky, content.size, x + 0.5, y + 0.5), mark = circles.checked && nearest(at);
      said.textContent = `x ${x.toFixed(1)}, y ${y.toFixed(1)}` +
        (sky ? ` · RA ${sky[0].toFixed(6)}°, Dec ${sky[1].toFixed(6)}°` : "") +
        ` · ${words(shape(layer, block), level)}${of}` + (mark ? ` · ${mark.text}` : "");
    }
    function zoom(factor, at) {
      const scale = Math.min(Math.max(view.scale * factor, 0.05), 60), by = scale / view.scale;
      view = {scale, x: at[0] - by * (at[0] - view.x), y: at[1] - by * (at[1] - view.y)};
      // a finger scrolls the page over an image that is shown in full, and moves one that is enlarged
      canvas.style.touchAction = scale > fitted() * 1.01 ? "none" : "pan-y";
      draw();
    }
    function pick(mark) {
      chosen = mark;
      told.textContent = mark ? mark.text : "Click a circle.";
      if (mark?.object && document.getElementById("explore")) {
        told.append(" · ", make("a", {href: `#object=${encodeURIComponent(mark.object)}`, textContent: "its pixels and PDF"}));
      }
      if (mark?.key) window.dispatchEvent(new CustomEvent("star", {detail: mark.key}));
      draw();
    }
    const fingers = new Map();
    let moved = 0;
    canvas.addEventListener("pointerdown", event => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, spot(event));
      moved = 0;
    });
    canvas.addEventListener("pointermove", event => {
      const now = spot(event), last = fingers.get(event.pointerId);
      if (!last) return tell(now);
      const scrolls = event.pointerType === "touch" && canvas.style.touchAction === "pan-y";
      if (fingers.size === 1 && !scrolls) { view.x += now[0] - last[0]; view.y += now[1] - last[1]; }
      if (fingers.size > 1) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const away = point => Math.hypot(point[0] - other[0], point[1] - other[1]);
        zoom(away(now) / Math.max(away(last), 1), other);
      }
      moved += Math.hypot(now[0] - last[0], now[1] - last[1]);
      fingers.set(event.pointerId, now);
      draw();
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, event => {
      fingers.delete(event.pointerId);
      if (name !== "pointerup" || moved >= 5) return;
      pick(nearest(spot(event)));
      tell(spot(event)); // a finger does not hover
    });
    // the wheel scrolls the page until the image is clicked
    canvas.addEventListener("wheel", event => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      zoom(1.2 ** -Math.sign(event.deltaY), spot(event));
    }, {passive: false});
    const middle = () => [canvas.width / 2, canvas.height / 2];
    const show = () => { fit(); draw(); };
    canvas.addEventListener("keydown", event => {
      const step = canvas.width / 10;
      const act = {
        ArrowLeft: () => { view.x += step; }, ArrowRight: () => { view.x -= step; },
        ArrowUp: () => { view.y += step; }, ArrowDown: () => { view.y -= step; },
        "+": () => zoom(1.25, middle()), "=": () => zoom(1.25, middle()), "-": () => zoom(0.8, middle()), 0: show,
      }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
      draw();
      tell(middle());
    });
    choice.addEventListener("change", () => { shown = Number(choice.value); label(); load(shown); });
    stretch.addEventListener("input", paint);
    circles.addEventListener("change", draw);
    all.addEventListener("click", show);
    // a telephone that hides its address bar changes the height only, and keeps the view
    addEventListener("resize", () => { if (place.clientWidth !== sized) size(); });
    function follow(key) {
      const mark = content.marks.find(one => one.key === key);
      if (mark && mark !== chosen) { chosen = mark; told.textContent = mark.text; draw(); }
    }
    addEventListener("star", event => follow(event.detail));
    size();
    load(0);
    if (page.star) follow(page.star);
    place.dataset.ready = "yes";
    place.viewer = {tell, pick, zoom, toLayer, canvasPlace: mark => [across(mark.x), down(mark.y)],
      get view() { return view; }, get loaded() { return Boolean(layers[shown]); }};
  }

  // a viewer starts when it comes into sight
  const watch = new IntersectionObserver(entries => {
    for (const {isIntersecting, target} of entries) if (isIntersecting) { watch.unobserve(target); begin(target); }
  }, {rootMargin: "400px"});
  for (const place of document.querySelectorAll("[data-viewer]")) {
    // what lies below does not move when the viewer starts
    place.style.minHeight = `${heightOf(page.viewers[place.dataset.viewer], place.clientWidth) + (place.clientWidth < 600 ? 160 : 100)}px`;
    watch.observe(place);
  }
  window.redpixViewer = begin;

  // magnitude against scatter, and the light curve of the chosen star
  const charts = document.getElementById("star-charts");
  if (!charts) return;
  const space = "http://www.w3.org/2000/svg", W = 460, H = 300, L = 74, B = 36;
  const draw = (tag, values, text) => {
    const element = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  function axes(chart, label, xs, ys, names, log) {
    chart.replaceChildren();
    chart.setAttribute("viewBox", `0 0 ${W} ${H}`);
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", label);
    const f = log ? Math.log10 : y => y;
    const span = values => {
      const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b)), pad = 0.06 * (high - low) || 0.5;
      return [low - pad, high + pad];
    };
    const [x0, x1] = span(xs), [y0, y1] = span(ys.map(f));
    const X = x => L + (x - x0) / (x1 - x0) * (W - L - 8), Y = y => H - B - (f(y) - y0) / (y1 - y0) * (H - B - 8);
    chart.append(draw("rect", {x: L, y: 8, width: W - L - 8, height: H - B - 8, class: "frame"}));
    // round numbers, about four
    const round = (low, high) => {
      const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
      const step = power * [1, 2, 5, 10].find(factor => power * factor >= rough), found = [];
      for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
      return found;
    };
    for (const x of round(x0, x1)) chart.append(draw("text", {x: X(x), y: H - B + 14, "text-anchor": "middle"}, x));
    let heights = round(y0, y1).map(y => [y, y]);
    if (log) heights = [...Array(14).keys()].flatMap(k => [1, 3].map(one => [Math.log10(one * 10 ** (k - 9)), Number((one * 10 ** (k - 9)).toPrecision(3))])).filter(([y]) => y > y0 && y < y1);
    for (const [y, text] of heights) chart.append(draw("text", {x: L - 5, y: H - B - (y - y0) / (y1 - y0) * (H - B - 8) + 4, "text-anchor": "end"}, text));
    chart.append(draw("text", {x: (L + W) / 2, y: H - 4, "text-anchor": "middle"}, names[0]));
    chart.append(draw("text", {x: 12, y: H / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${H / 2})`}, names[1]));
    return [X, Y];
  }
  const [dots, curve] = charts.querySelectorAll("svg"), caption = document.getElementById("star-told");
  const points = new Map();
  if (page.scatter.length) {
    const [X, Y] = axes(dots, "Scatter of each star against its magnitude", page.scatter.map(row => row[1]),
      page.scatter.flatMap(row => row[3] > 0 ? [row[2], row[3]] : [row[2]]), ["magnitude", "scatter"], true);
    for (const [name, magnitude, scatter, expected, flagged] of page.scatter) {
      if (expected > 0) dots.append(draw("circle", {cx: X(magnitude), cy: Y(expected), r: 1.3, class: "expected"}));
      const dot = draw("circle", {cx: X(magnitude), cy: Y(scatter), r: 4, class: flagged ? "star flagged" : "star"});
      dot.append(draw("title", {}, `star ${name}: magnitude ${magnitude}, scatter ${scatter}`));
      dot.addEventListener("click", () => window.dispatchEvent(new CustomEvent("star", {detail: name})));
      points.set(name, dot);
      dots.append(dot);
    }
  }
  addEventListener("star", event => {
    page.star = event.detail; // for viewers that start later
    const name = event.detail, rows = page.curves[name], [field, star] = name.split(/ (?=\S+$)/), title = `Star ${star}` + (field === "all" ? "" : ` of ${field}`);
    for (const dot of points.values()) dot.classList.remove("chosen");
    points.get(name)?.classList.add("chosen");
    if (!rows) return;
    const fine = rows.t.map((_, k) => k).filter(k => rows.t[k] !== null && rows.flux[k] !== null);
    if (!fine.length) return void (caption.textContent = `${title} has no measured exposure.`);
    const day = Math.floor(Math.min(...fine.map(k => rows.t[k]))), error = k => rows.error[k] ?? 0;
    const [X, Y] = axes(curve, `Light curve of ${title.toLowerCase()}`, fine.map(k => rows.t[k] - day),
      fine.flatMap(k => [rows.flux[k] - error(k), rows.flux[k] + error(k)]),
      [day > 1000 ? `MJD − ${day}` : "exposure", "relative flux"], false);
    for (const k of fine) {
      const x = X(rows.t[k] - day), style = rows.flags[k] ? "star flagged" : "star";
      curve.append(draw("line", {x1: x, x2: x, y1: Y(rows.flux[k] - error(k)), y2: Y(rows.flux[k] + error(k)), class: "bar"}));
      curve.append(draw("circle", {cx: x, cy: Y(rows.flux[k]), r: 3.5, class: style}));
    }
    caption.textContent = `${title}, ${fine.length} exposures.`;
  });
  // the star with the largest ratio of scatter to expectation
  const unusual = page.scatter.filter(row => row[3] > 0 && !row[4]).sort((a, b) => b[2] / b[3] - a[2] / a[3])[0] ?? page.scatter[0];
  if (unusual) window.dispatchEvent(new CustomEvent("star", {detail: unusual[0]}));
})();

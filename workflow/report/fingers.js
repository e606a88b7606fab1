"use strict";
// A finger scrolls the page over a plot of Bokeh, until a tool beside the plot is chosen.
(function begin() {
  if (!matchMedia("(pointer: coarse)").matches) return;
  const plots = (window.Bokeh?.documents ?? []).flatMap(one => one.roots())
    .flatMap(root => [...root.references()]).filter(one => one.type === "Figure");
  if (!plots.length) return void setTimeout(begin, 50);
  for (const {toolbar} of plots) {
    toolbar.autohide = false;
    for (const tool of toolbar.tools) if (tool.active && tool.type !== "TapTool") tool.active = false;
  }
})();

"use strict";
// Orders and conditions of the columns of a table.
(() => {
  // a condition: column, sign and value; a text with blanks stands in quotes
  const CONDITION = /("[^"]+"|[^\s=<>!"]+)\s*(<=|>=|!=|=|<|>)\s*("[^"]*"|[^\s=<>!"]+)/g;
  const bare = text => text.replace(/^"(.*)"$/, "$1");
  const numeric = values => typeof values[0] === "number";

  // numbers in whose order a column is sorted; NaN where a value is missing
  function sortKeys(values) {
    if (numeric(values)) return values;
    const names = [...new Set(values)], whole = names.every(one => /^\d*$/.test(one));
    const natural = new Intl.Collator("en", {numeric: true}).compare;
    names.sort(whole ? (a, b) => a.length - b.length || (a < b ? -1 : 1) : natural);
    const rank = new Map(names.map((one, place) => [one, one ? place : NaN]));
    return Float64Array.from(values, one => rank.get(one) ?? NaN);
  }

  // sorts rows in place; missing values are last in both directions, equal ones keep their order
  function sortRows(rows, keys, ascending) {
    const sign = ascending ? 1 : -1;
    const key = Float64Array.from(keys, one => Number.isNaN(one) ? Infinity : sign * one);
    return rows.sort((a, b) => key[a] - key[b] || 0);
  }

  // a number equals all numbers that are rounded to it; a text is contained, an id is the whole text
  function equals(values, name, text) {
    if (numeric(values)) {
      const bound = Number(text), digits = (text.split(".")[1] ?? "").length;
      return row => Number(values[row].toFixed(digits)) === bound;
    }
    const wanted = text.toLowerCase(), whole = name === "object" || wanted === "";
    return row => whole ? values[row].toLowerCase() === wanted : values[row].toLowerCase().includes(wanted);
  }

  function condition(values, name, sign, text) {
    if (sign === "=") return equals(values, name, text);
    if (sign === "!=") {
      const same = equals(values, name, text);
      return row => !same(row);
    }
    const bound = Number(text);
    return {
      "<": row => values[row] < bound, "<=": row => values[row] <= bound,
      ">": row => values[row] > bound, ">=": row => values[row] >= bound,
    }[sign];
  }

  // tests of a text such as "z_phot > 0.3 class = GALAXY", or what is wrong with it
  function understand(text, data, titles) {
    const left = text.replace(CONDITION, "").trim(), tests = [];
    if (left) return {problem: `not understood: ${left}; write for example z_phot > 0.3`};
    // a column answers to its name, its title and the first word of its title
    const names = new Map();
    for (const name of Object.keys(data)) names.set(name.toLowerCase(), name);
    for (const [name, title] of titles) for (const one of [title, title.split(" ")[0]])
      if (!names.has(one.toLowerCase())) names.set(one.toLowerCase(), name);
    for (const [, given, sign, value] of text.matchAll(CONDITION)) {
      const name = names.get(bare(given).toLowerCase()), wanted = bare(value), values = data[name];
      if (!name) return {problem: `unknown column: ${bare(given)}; columns: ${titles.map(([, title]) => title).join(", ")}`};
      const ordered = sign.includes("<") || sign.includes(">"), number = wanted !== "" && Number.isFinite(Number(wanted));
      if (!numeric(values) && ordered) return {problem: `${bare(given)}: a column of words; allowed: = and !=`};
      if (numeric(values) && !number) return {problem: `${bare(given)}: ${wanted} is not a number`};
      tests.push(condition(values, name, sign, wanted));
    }
    return {tests};
  }

  window.redpixTable = {sortKeys, sortRows, understand};
})();

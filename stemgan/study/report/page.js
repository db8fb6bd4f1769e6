"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);

// A choice above a chart selects one of its views; the one that agrees most is shown.
function chart(holder, parts) {
  const chosen = {}, selects = {};
  const bar = holder.querySelector(".choices"), plot = holder.querySelector(".plot");
  const agreeing = (keys) => Object.keys(chosen).filter((k) => keys[k] === chosen[k]).length;
  for (const [key, texts] of Object.entries(parts.choices)) {
    chosen[key] = parts.views[0].keys[key];
    if (texts.length < 2) continue;
    const label = document.createElement("label"), select = document.createElement("select");
    label.textContent = key;
    for (const text of texts) select.add(new Option(text, text, false, text === chosen[key]));
    select.addEventListener("change", () => { chosen[key] = select.value; draw(key); });
    label.append(select);
    bar.append(label);
    selects[key] = select;
  }
  function draw(changed) {
    let best = null, most = -1;
    for (const view of parts.views) {
      const score = agreeing(view.keys) + (changed && view.keys[changed] === chosen[changed] ? 100 : 0);
      if (score > most) { most = score; best = view; }
    }
    for (const key of Object.keys(selects)) {
      if (best.keys[key] !== undefined) { chosen[key] = best.keys[key]; selects[key].value = chosen[key]; }
    }
    const layout = structuredClone(parts.layout);
    Object.assign(layout.xaxis, best.xaxis);
    Object.assign(layout.yaxis, best.yaxis);
    const narrow = plot.clientWidth < 520;
    layout.font.size = narrow ? 12 : 13;
    // The legend's lines lie below the axis; room for them is a guess that plotly then corrects.
    layout.legend.y = narrow ? -0.3 : -0.22;
    const config = { responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d"], toImageButtonOptions: { format: "svg", filename: holder.id } };
    Plotly.react(plot, structuredClone(best.data), layout, config);
  }
  draw();
}

function charts() {
  const all = read("charts-data");
  const pending = new Map();
  for (const holder of document.querySelectorAll("figure[data-chart]")) {
    pending.set(holder, () => chart(holder, all[holder.dataset.chart]));
  }
  // Charts are drawn as they come near: a page of many opens as fast as one of few.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || !pending.has(entry.target)) continue;
      pending.get(entry.target)();
      pending.delete(entry.target);
      watcher.unobserve(entry.target);
    }
  }, { rootMargin: "600px 0px" });
  for (const holder of pending.keys()) watcher.observe(holder);
  window.addEventListener("beforeprint", () => { for (const draw of pending.values()) draw(); pending.clear(); });
}

const shown = (value) => value === null || value === "" ? "–"
  : typeof value === "boolean" ? (value ? "yes" : "no")
  : typeof value === "number" ? String(Number(value.toPrecision(4))) : value;

// The full table: a page of rows at a time, sorted by any column, filtered by what is typed.
function fullTable(holder, { columns, rows }) {
  const size = 50;
  let kept = rows, page = 0, by = null, falling = false;
  const find = holder.querySelector("input"), head = holder.querySelector("thead tr");
  const body = holder.querySelector("tbody"), said = holder.querySelector("output");
  const [before, after] = holder.querySelectorAll(".pages button");
  const text = columns.map((_, i) => rows.every((row) => typeof row[i] !== "number"));
  columns.forEach((name, i) => {
    const cell = document.createElement("th"), button = document.createElement("button");
    cell.scope = "col";
    if (text[i]) cell.className = "text";
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      falling = by === i && !falling; by = i; page = 0;
      head.querySelectorAll("th").forEach((c) => c.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
      draw();
    });
    cell.append(button);
    head.append(cell);
  });
  function draw() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    kept = rows.filter((row) => words.every((w) => row.some((v) => typeof v === "string" && v.toLowerCase().includes(w))));
    if (by !== null) kept = kept.slice().sort((a, b) => {
      const empty = (v) => v === null || v === "";
      return empty(a[by]) || empty(b[by]) || !falling ? order(a[by], b[by]) : order(b[by], a[by]);
    });
    const pages = Math.max(1, Math.ceil(kept.length / size));
    page = Math.min(page, pages - 1);
    body.replaceChildren(...kept.slice(page * size, (page + 1) * size).map((row) => {
      const line = document.createElement("tr");
      row.forEach((value, i) => {
        const cell = line.insertCell();
        cell.textContent = shown(value);
        if (text[i]) cell.className = "text";
      });
      return line;
    }));
    said.textContent = `${kept.length} rows, page ${page + 1} of ${pages}`;
    before.disabled = page === 0;
    after.disabled = page >= pages - 1;
  }
  find.addEventListener("input", () => { page = 0; draw(); });
  before.addEventListener("click", () => { page -= 1; draw(); });
  after.addEventListener("click", () => { page += 1; draw(); });
  holder.hidden = false;
  draw();
}

charts();
const full = document.getElementById("full-table");
if (full) fullTable(full, read("rows-data"));

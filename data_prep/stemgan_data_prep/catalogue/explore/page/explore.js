"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("map-data"), total = data.keys.length;
const $ = (id) => document.getElementById(id);
const canvas = $("canvas"), stage = canvas.parentElement, pen = canvas.getContext("2d");
const tip = $("tip"), legend = $("legend"), picked = $("picked"), gallery = $("members");
const view = { x: 0, y: 0, zoom: 1 };
let colouring = data.colourings[0], group = null, chosen = null, pictures = false;

// Sheets become addresses of their own once, so that hundreds of elements can show parts of them.
const sheets = data.sheets.map((text) => {
  const image = new Image();
  const [head, body] = text.split(",");
  const bytes = Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0));
  image.src = URL.createObjectURL(new Blob([bytes], { type: head.slice(5, -7) }));
  image.onload = () => draw();
  return image;
});
function placeOf(i) {
  const full = data.columns ** 2, within = i % full;
  return { sheet: sheets[Math.floor(i / full)], left: within % data.columns, top: Math.floor(within / data.columns) };
}
function thumb(i, side) {
  const { sheet, left, top } = placeOf(i), box = document.createElement("span");
  const scale = side / data.side;
  box.className = "thumb";
  Object.assign(box.style, { width: `${side}px`, height: `${side}px`, backgroundImage: `url("${sheet.src}")`,
    backgroundPosition: `${-left * side}px ${-top * side}px` });
  const fit = () => { box.style.backgroundSize = `${sheet.naturalWidth * scale}px ${sheet.naturalHeight * scale}px`; };
  if (sheet.complete && sheet.naturalWidth) fit(); else sheet.addEventListener("load", fit);
  return box;
}

// Places run from 0 to 1, upwards; the whole map is as large as the stage allows.
const margin = 22;
const reach = () => Math.min((stage.clientWidth - 2 * margin) / Math.max(data.span[0], 0.05),
  (stage.clientHeight - 2 * margin) / Math.max(data.span[1], 0.05));
function toScreen(i) {
  const size = reach() * view.zoom;
  return [stage.clientWidth / 2 + (data.x[i] - data.middle[0]) * size + view.x,
    stage.clientHeight / 2 - (data.y[i] - data.middle[1]) * size + view.y];
}
const shown = (i) => group === null || colouring.values[i] === group;
const colourOf = (i) => data.colours[colouring.values[i] % data.colours.length];

function draw() {
  const ratio = window.devicePixelRatio || 1, wide = stage.clientWidth, high = stage.clientHeight;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, high);
  const order = [...Array(total).keys()].sort((a, b) => shown(a) - shown(b));
  for (const i of order) {
    const [x, y] = toScreen(i);
    if (x < -60 || y < -60 || x > wide + 60 || y > high + 60) continue;
    pen.globalAlpha = shown(i) ? 1 : 0.12;
    if (pictures) picture(i, x, y); else dot(i, x, y, total > 2000 && view.zoom < 3 ? 2.5 : 4);
  }
  pen.globalAlpha = 1;
  if (chosen !== null) ring(...toScreen(chosen));
}
function dot(i, x, y, radius) {
  pen.fillStyle = colourOf(i);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
function picture(i, x, y) {
  const { sheet, left, top } = placeOf(i);
  if (!shown(i) || !sheet.complete || !sheet.naturalWidth) { dot(i, x, y, 3); return; }
  const side = Math.min(data.side, Math.max(18, (reach() / Math.sqrt(total)) * 0.7) * Math.sqrt(view.zoom));
  pen.fillStyle = colourOf(i);
  pen.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
  pen.drawImage(sheet, left * data.side, top * data.side, data.side, data.side, x - side / 2, y - side / 2, side, side);
}
function ring(x, y) {
  pen.strokeStyle = "#000";
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(x, y, pictures ? 20 : 9, 0, 2 * Math.PI);
  pen.stroke();
}

function nearestTo(x, y, within = 24) {
  let best = null, least = within * within;
  for (let i = 0; i < total; i++) {
    if (!shown(i)) continue;
    const [a, b] = toScreen(i), away = (a - x) ** 2 + (b - y) ** 2;
    if (away < least) { least = away; best = i; }
  }
  return best;
}
function hover(x, y) {
  const i = nearestTo(x, y);
  tip.hidden = i === null;
  if (i === null) return;
  const words = document.createElement("span");
  words.textContent = `${data.keys[i]} · ${colouring.name} ${colouring.names[colouring.values[i]]}`;
  const side = Math.max(96, Math.min(128, data.side));
  tip.replaceChildren(thumb(i, side), words);
  tip.style.left = `${x + 16 + tip.offsetWidth > stage.clientWidth ? Math.max(0, x - tip.offsetWidth - 12) : x + 16}px`;
  tip.style.top = `${Math.max(0, Math.min(y - 20, stage.clientHeight - tip.offsetHeight - 2))}px`;
}

function pick(i) {
  chosen = i;
  const list = document.createElement("dl");
  const told = (minor) => data.colourings.filter((c) => c.minor === minor).map((c) => [c.name, c.names[c.values[i]]]);
  const facts = [["file", data.keys[i]], ...told(false)];
  const others = told(true).map(([name, text]) => `${name} ${text}`).join(", ");
  if (others) facts.push(["cluster by", others]);
  for (const [name, text] of facts) {
    const term = document.createElement("dt"), said = document.createElement("dd");
    term.textContent = name;
    said.textContent = text;
    list.append(term, said);
  }
  const words = document.createElement("p"), row = document.createElement("div");
  words.className = "soft";
  words.textContent = "most alike by their features:";
  row.className = "gallery";
  row.append(...data.alike[i].map((j) => button(j, 56)));
  const text = document.createElement("div");
  text.append(list, words, row);
  picked.replaceChildren(thumb(i, window.innerWidth < 600 ? 120 : 192), text);
  draw();
}
function button(i, side) {
  const one = document.createElement("button");
  one.type = "button";
  one.title = data.keys[i];
  one.setAttribute("aria-label", data.keys[i]);
  one.style.borderColor = colourOf(i);
  one.append(thumb(i, side));
  one.addEventListener("click", () => pick(i));
  return one;
}

// The pictures of a group, those nearest its middle on the map first.
function members() {
  const all = [];
  for (let i = 0; i < total; i++) if (shown(i)) all.push(i);
  const middle = (values) => all.map((i) => values[i]).sort((a, b) => a - b)[Math.floor(all.length / 2)];
  const [x, y] = [middle(data.x), middle(data.y)];
  const away = (i) => (data.x[i] - x) ** 2 + (data.y[i] - y) ** 2;
  const some = group === null ? spread(all) : all.sort((a, b) => away(a) - away(b)).slice(0, 48);
  const name = group === null ? "all pictures" : `${colouring.name} ${colouring.names[group]}`;
  $("members-said").textContent = `${name}: ${some.length} of ${all.length}` +
    (group === null ? "; choose a group in the legend to see its own" : ", those in its middle first");
  gallery.replaceChildren(...some.map((i) => button(i, 64)));
}
const spread = (all) => all.filter((_, k) => Math.floor((k * 48) / all.length) !== Math.floor(((k - 1) * 48) / all.length));

function names() {
  const counts = new Array(colouring.names.length).fill(0);
  for (const value of colouring.values) counts[value] += 1;
  legend.replaceChildren(...colouring.names.map((name, value) => {
    const one = document.createElement("button"), mark = document.createElement("i");
    const text = document.createElement("span"), count = document.createElement("span");
    one.type = "button";
    one.setAttribute("aria-pressed", String(group === value));
    mark.style.background = data.colours[value % data.colours.length];
    text.textContent = name;
    count.textContent = counts[value];
    count.className = "count";
    one.append(mark, text, count);
    one.addEventListener("click", () => { group = group === value ? null : value; refresh(); });
    return one;
  }));
}
function refresh() { tip.hidden = true; names(); members(); draw(); }

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const next = Math.min(40, Math.max(1, view.zoom * factor)), by = next / view.zoom;
  const [a, b] = [x - stage.clientWidth / 2, y - stage.clientHeight / 2];
  view.x = a - (a - view.x) * by;
  view.y = b - (b - view.y) * by;
  view.zoom = next;
  if (next === 1) { view.x = 0; view.y = 0; }
  stage.classList.toggle("near", next > 1);
  tip.hidden = true;
  draw();
}
function move(x, y) { view.x += x; view.y += y; draw(); }

const held = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => {
  held.set(event.pointerId, [event.offsetX, event.offsetY]);
  moved = 0;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const here = [event.offsetX, event.offsetY], before = held.get(event.pointerId);
  if (!before) { hover(...here); return; }
  moved += Math.abs(here[0] - before[0]) + Math.abs(here[1] - before[1]);
  if (held.size === 2) pinch(event.pointerId, before, here);
  else if (view.zoom > 1 && moved > 4) move(here[0] - before[0], here[1] - before[1]);
  held.set(event.pointerId, here);
});
function pinch(id, before, here) {
  const other = [...held].find(([name]) => name !== id)[1];
  const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
  zoom(apart(here) / apart(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
}
canvas.addEventListener("pointerup", (event) => {
  held.delete(event.pointerId);
  const i = moved < 6 ? nearestTo(event.offsetX, event.offsetY) : null;
  if (i !== null) pick(i);
});
canvas.addEventListener("pointercancel", (event) => held.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
canvas.addEventListener("wheel", (event) => {
  if (document.activeElement !== canvas && !event.ctrlKey) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
}, { passive: false });
const keys = { ArrowLeft: () => move(40, 0), ArrowRight: () => move(-40, 0), ArrowUp: () => move(0, 40),
  ArrowDown: () => move(0, -40), "+": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: () => zoom(1e-9) };
canvas.addEventListener("keydown", (event) => {
  if (event.key in keys) { event.preventDefault(); keys[event.key](); }
});

for (const [i, one] of data.colourings.entries()) $("colouring").add(new Option(one.minor ? `cluster by ${one.name}` : one.name, String(i)));
$("colouring").addEventListener("change", (event) => {
  colouring = data.colourings[Number(event.target.value)];
  group = null;
  refresh();
});
$("look").addEventListener("change", (event) => { pictures = event.target.value === "pictures"; draw(); });
$("nearer").addEventListener("click", () => zoom(1.6));
$("farther").addEventListener("click", () => zoom(1 / 1.6));
$("whole").addEventListener("click", () => zoom(1e-9));
$("find").addEventListener("change", (event) => {
  const wanted = event.target.value.toLowerCase(), i = data.keys.findIndex((key) => key.toLowerCase().includes(wanted));
  $("found").textContent = !wanted || i >= 0 ? "" : "no such file";
  if (wanted && i >= 0) pick(i);
});
$("all").hidden = false;
new ResizeObserver(draw).observe(stage);
refresh();

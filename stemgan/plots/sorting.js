"use strict";
const order = (a, b) => {
  if (a === b) return 0;
  if (a === null || a === "") return 1;
  if (b === null || b === "") return -1;
  return typeof a === "number" && typeof b === "number" ? a - b
    : String(a).localeCompare(String(b), "en", { numeric: true });
};

// Tables that stand in the page are sorted in place.
function sortable(table) {
  const cells = [...table.tHead.rows[0].cells];
  cells.forEach((cell, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const falling = cell.getAttribute("aria-sort") === "ascending";
      cells.forEach((c) => c.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const value = (row) => {
        const raw = row.cells[i].dataset.value ?? row.cells[i].textContent;
        return raw === "" || raw === "–" ? null : isNaN(Number(raw)) ? raw : Number(raw);
      };
      const lines = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return x === null || y === null || !falling ? order(x, y) : order(y, x);
      });
      table.tBodies[0].append(...lines);
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);

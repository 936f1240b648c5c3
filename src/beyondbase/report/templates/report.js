"use strict";
document.documentElement.classList.add("js");
const rows = [...document.querySelectorAll("#problems tbody tr")];
const cellFilter = document.querySelector("#filter");
const search = document.querySelector("#search");

function openProblem(id) {
  const problem = document.getElementById(id);
  if (!problem || !problem.matches("details.problem")) return;
  problem.open = true;
  problem.scrollIntoView();
}

function filterRows() {
  const cell = cellFilter.value, words = search.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits = cell === "" || row.dataset.cell === cell || (cell === "confirmed" && "confirmed" in row.dataset);
    row.hidden = !(fits && row.textContent.toLowerCase().includes(words));
    if (!row.hidden) shown += 1;
  }
  document.querySelector("#shown").textContent = `${shown} of ${rows.length}`;
}

function sortKey(row, column) {
  const cell = row.cells[column];
  return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent;
}

function sortBy(header, column) {
  const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  document.querySelectorAll("#problems th").forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const keyed = rows.map((row) => [sortKey(row, column), row]);
  keyed.sort(([a], [b]) => (a < b ? -direction : a > b ? direction : 0));
  document.querySelector("#problems tbody").append(...keyed.map(([, row]) => row));
}

document.querySelectorAll("#problems th").forEach((header, column) => {
  header.querySelector("button").addEventListener("click", () => sortBy(header, column));
});
cellFilter.addEventListener("change", filterRows);
search.addEventListener("input", filterRows);
for (const row of rows) {
  if (!("samples" in row.dataset)) continue;
  row.addEventListener("click", () => {
    if (String(getSelection())) return; // a reader who selects text wants the text
    history.replaceState(null, "", `#${row.dataset.samples}`);
    openProblem(row.dataset.samples);
  });
}
addEventListener("hashchange", () => openProblem(location.hash.slice(1)));
filterRows();
openProblem(location.hash.slice(1));

"use strict";
// Tables sort by the column whose heading is pressed, within each of their sections.
function key(row, column) {
  const cell = row.cells[column];
  const raw = cell.dataset.value;
  const number = raw === undefined || raw === "" ? NaN : Number(raw);
  return { missing: raw === "", number, text: cell.textContent.trim() };
}
function compare(a, b, direction) {
  if (a.missing !== b.missing) return a.missing ? 1 : -1;
  if (!Number.isNaN(a.number) && !Number.isNaN(b.number)) return direction * (a.number - b.number);
  return direction * a.text.localeCompare(b.text, "en", { numeric: true });
}
function sort(table, heading, column) {
  const ascending = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("section"));
    rows.sort((a, b) => compare(key(a, column), key(b, column), ascending ? 1 : -1));
    body.append(...rows);
  }
}
for (const table of document.querySelectorAll("table[id^=table-]")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(table, heading, column));
  });
}
// Figures are compressed SVG files.
async function unpack(image) {
  const packed = Uint8Array.from(atob(image.dataset.svg), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  image.src = URL.createObjectURL(new Blob([await new Response(stream).blob()], { type: "image/svg+xml" }));
}
document.querySelectorAll("img[data-svg]").forEach(unpack);
// Where there is little room the contents are closed until they are asked for.
if (!matchMedia("(min-width: 75rem)").matches) document.querySelector("nav.contents details").open = false;
// A link into a closed section opens it.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target.parentElement; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}
addEventListener("hashchange", reveal);
reveal();
// On paper everything is open.
addEventListener("beforeprint", () => document.querySelectorAll("details:not(.runs)").forEach((part) => { part.open = true; }));

/* The board: cards are moved by drag, by keys or by their menu; one request a move, taken back when it is refused. */
"use strict";
(() => {
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const find = (selector, inside = board) => inside.querySelector(selector);
  const all = (selector, inside = board) => [...inside.querySelectorAll(selector)];
  const columns = all("[data-stage]");
  const here = () => encodeURIComponent(location.pathname + location.search);
  let dragged = null;

  async function refresh() {
    const answer = await fetch(board.dataset.heads, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { heads, sums } = await answer.json();
    for (const column of columns) {
      for (const [name, text] of Object.entries(heads[column.dataset.stage] || {})) find(`[data-head="${name}"]`, column).textContent = text;
    }
    for (const [name, text] of Object.entries(sums)) document.querySelector(`[data-sum="${name}"]`).textContent = text;
  }

  async function move(card, to) {
    const from = card.closest("[data-stage]");
    if (!to || to === from || card.dataset.busy) return;
    const place = card.nextElementSibling;
    const put = (column, before) => find("[data-cards]", column).insertBefore(card, before);
    card.dataset.busy = "1";
    put(to, find("[data-cards]", to).firstElementChild);
    card.focus();
    const body = new URLSearchParams({ stage: to.dataset.stage, from: from.dataset.stage });
    const headers = { Accept: "application/json", "X-CSRFToken": csrf() };
    try {
      const answer = await fetch(`${card.dataset.card}move/`, { method: "POST", body, headers });
      if (answer.redirected || !(answer.headers.get("content-type") || "").includes("json")) throw new Error("no answer");
      const said = await answer.json();
      if (!answer.ok) put(from, place);
      if (said.form_url) htmx.ajax("GET", `${said.form_url}&next=${here()}`, { target: "#modal-content", swap: "innerHTML" });
      else toast({ text: said.text, tone: answer.ok ? "success" : "error", undo_url: said.undo_url && `${said.undo_url}?next=${here()}` });
      if (answer.ok) await refresh();
    } catch {
      put(from, place);
      toast({ text: document.querySelector("#toasts").dataset.offline || "", tone: "error" });
    }
    delete card.dataset.busy;
  }

  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-card]");
    if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.card);
  });
  board.addEventListener("dragover", (event) => {
    const column = event.target.closest("[data-stage]");
    if (!dragged || !column) return;
    event.preventDefault();
    columns.forEach((one) => one.toggleAttribute("data-over", one === column));
  });
  board.addEventListener("dragend", () => { dragged = null; columns.forEach((one) => one.removeAttribute("data-over")); });
  board.addEventListener("drop", (event) => {
    const column = event.target.closest("[data-stage]");
    if (!dragged || !column) return;
    event.preventDefault();
    move(dragged, column);
  });

  /* A card's menu is a plain link to the form; here the form opens in the dialog. */
  board.addEventListener("click", (event) => {
    const menu = event.target.closest("[data-move-menu]");
    if (!menu || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", menu.href, { source: menu, target: "#modal-content", swap: "innerHTML" });
  });

  /* Arrows walk among the cards; with Shift, left and right carry the card along; m opens its menu. */
  board.addEventListener("keydown", (event) => {
    const card = event.target.closest("[data-card]");
    if (!card || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = card.closest("[data-stage]");
    const beside = columns[columns.indexOf(column) + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (event.shiftKey && card.draggable) move(card, beside);
      else find("[data-card]", beside || column)?.focus();
    } else if (event.key === "ArrowDown") card.nextElementSibling?.focus();
    else if (event.key === "ArrowUp") card.previousElementSibling?.focus();
    else if (event.key === "m") find("[data-move-menu]", card)?.click();
    else if (event.key === "Enter") find("a", card).click();
    else return;
    event.preventDefault();
  });
})();

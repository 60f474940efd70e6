/* The desk: a list walked by keys, presence and drafts kept on the server, canned replies, pasted pictures, countdowns.
   Everything else works without it: the list is links, the rest is forms. */
"use strict";
(() => {
  const desk = $("[data-desk]");
  if (!desk) return;
  const BEAT = 8000, KEEP = 2000, WRITING = 6000;
  const here = () => $("[data-case]", desk);
  const form = () => $("[data-composer]", desk);
  const text = () => $("[data-composer] [name=body]", desk);
  let typed = 0, unsaved = false, saving = null, canned = null, flight = null, upload = null;

  /* The list: the count stands in the title of the tab, the open case stays marked through every refresh. */
  function mark() {
    const count = $("[data-count]", desk)?.dataset.count;
    const plain = document.title.replace(/^\([^)]*\) /, "");
    $$("[data-item] time", desk).forEach((time) => (time.title ||= new Date(time.dateTime).toLocaleString()));
    document.title = count ? `(${count}) ${plain}` : plain;
    const now = here()?.dataset.case;
    $$("[data-item]", desk).forEach((item) => (item.dataset.item === now ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current")));
  }

  function step(by) {
    const items = $$("[data-item]", desk);
    const at = items.findIndex((item) => item === document.activeElement);
    const from = at >= 0 ? at : items.findIndex((item) => item.hasAttribute("aria-current"));
    items[Math.max(0, Math.min(items.length - 1, from + by))]?.focus();
  }

  function write(kind) {
    if (!form()) return;
    $(`[name=kind][value=${kind}]`, form()).checked = true;
    text().focus();
  }

  /* A menu opened by its key stands on its first entry; arrows walk on, Esc closes it. */
  function unfold(name) {
    const menu = $(name, desk);
    if (!menu) return;
    menu.open = true;
    $(".menu-list :is(a, button)", menu)?.focus();
  }

  function toList() {
    const item = $("[data-item][aria-current]", desk) || $("[data-item]", desk);
    if (item?.offsetParent) item.focus();
    else $("[data-list]", desk)?.click();
  }

  const keys = {
    j: () => step(1), k: () => step(-1), r: () => write("public"), n: () => write("note"), a: () => $("[data-mine]", desk)?.click(),
    s: () => $("[data-status]", desk)?.focus(), t: () => $("[data-take]", desk)?.click(), u: toList,
    m: () => unfold("[data-macros]"), o: () => unfold("[data-more]"),
  };

  /* Before the page's own keys: "n" makes a note here, not a record. */
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (!(at instanceof Element)) return;
    if (at === text() && inText(event)) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && at.closest("[data-composer]")) {
      event.preventDefault();
      event.stopPropagation();
      /* A click, not a submit by hand: htmx sends the value of a button only where it saw one. */
      $$("button[name=status]", form()).find((button) => button.offsetParent).click();
    } else if (event.key === "Escape" && at === text()) at.blur();
    else if (keys[event.key] && !typing(at) && !event.ctrlKey && !event.metaKey && !event.altKey && !$("dialog[open]") && !at.closest("details[open]") && shortcutsOn()) {
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    }
  }, true);

  /* Presence and draft go to the server together; what it answers says who else is here and whether something is new. */
  async function beat() {
    const at = here();
    if (!at?.hasAttribute("data-live") || document.hidden) return;
    const body = new FormData();
    if (Date.now() - typed < WRITING) body.append("typing", "1");
    if (unsaved) packDraft(body);
    flight = new AbortController();
    try {
      const answer = await fetch(`${at.dataset.base}here/`, { method: "POST", body, headers: { "X-CSRFToken": csrf() }, signal: flight.signal });
      if (!answer.ok || answer.redirected) throw new Error("no answer");
      const told = await answer.json();
      if (body.has("body")) kept(body.get("body"), told.elsewhere);
      show(at, told);
    } catch {
      if (body.has("body")) unsaved = true;
    }
  }

  function packDraft(body) {
    body.append("body", text().value);
    body.append("was", text().defaultValue);
    body.append("kind", $("[name=kind]:checked", form()).value);
    unsaved = false;
  }

  function kept(body, elsewhere) {
    text().defaultValue = body;
    const note = $("[data-draft]", desk);
    if (note) note.textContent = elsewhere ? text().dataset.elsewhere : text().value.trim() ? `${text().dataset.kept} ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
  }

  function show(at, { others, newest, due }) {
    if ($("#case-due", at).textContent.trim() !== due) htmx.trigger("#promised", "due");
    const line = $("[data-presence]", at);
    line.hidden = !others.length;
    line.toggleAttribute("data-busy", others.some((other) => other.typing));
    const said = others.map((other) => `${other.name} ${other.typing ? line.dataset.typing : line.dataset.viewing}`).join(" · ");
    if (line.textContent !== said) line.textContent = said;
    if (newest <= Number(at.dataset.newest)) return;
    if (text() && (text().value.trim() || document.activeElement === text())) $("[data-newer]", at).hidden = false;
    else reload();
  }

  const reload = () => htmx.ajax("GET", location.pathname + location.search, { target: "#conversation", swap: "innerHTML show:none" });

  function leave(at) {
    if (!at?.hasAttribute("data-live")) return;
    const body = new FormData();
    body.append("csrfmiddlewaretoken", csrf());
    body.append("gone", "1");
    if (unsaved && text()) packDraft(body);
    navigator.sendBeacon(`${at.dataset.base}here/`, body);
  }

  /* Canned replies: "/" or "::" and some letters before the caret. */
  async function texts() {
    canned ||= fetch(`${here().dataset.base}canned/`).then((answer) => answer.json()).then((said) => said.items).catch(() => []);
    return canned;
  }

  /* Colleagues: "@" and some letters before the caret, in a note. */
  async function colleagues(word) {
    const answer = await fetch(`/users/options/?q=${encodeURIComponent(word)}`).catch(() => null);
    const items = answer?.ok ? (await answer.json()).items : [];
    return items.slice(0, 8).map((one) => ({ name: one.text, sign: `@${one.handle}`, about: one.hint, text: `@${one.handle} ` }));
  }

  async function replies(word) {
    const fitting = (await texts()).filter((one) => `${one.shortcut} ${one.name}`.toLowerCase().includes(word.toLowerCase()));
    return fitting.slice(0, 8).map((one) => ({ name: one.name, sign: `/${one.shortcut}`, about: one.text.slice(0, 80), text: one.text }));
  }

  function asked(field) {
    const before = field.value.slice(0, field.selectionStart);
    const found = before.match(/(?:^|\s)(\/|::)([\p{L}\d_-]*)$/u);
    if (found) return { found, list: replies };
    const name = $("[name=kind][value=note]", form()).checked && before.match(/(?:^|\s)(@)([\w.+-]*)$/u);
    return name ? { found: name, list: colleagues } : null;
  }

  const popup = () => $("#write-canned", desk);

  async function offer() {
    const field = text(), now = asked(field), word = now?.found[2];
    if (!now) return close();
    const fitting = await now.list(word);
    /* Somebody typed on meanwhile: what is asked for then has an answer of its own. */
    if (asked(field)?.found[0] !== now.found[0]) return;
    if (!fitting.length && !word) return close();
    popup().setAttribute("aria-label", now.list === colleagues ? field.dataset.colleagues : field.dataset.replies);
    popup().replaceChildren(...(fitting.length ? fitting.map((one, place) => {
      const option = make("li", { role: "option", id: `canned-${place}`, "aria-selected": String(place === 0) }, make("b", {}, one.name), ` ${one.sign} `, make("small", { class: "hint" }, one.about));
      option.one = one;
      return option;
    }) : [make("li", { class: "hint" }, now.list === colleagues ? field.dataset.nobody : field.dataset.none)]));
    popup().hidden = false;
    if (fitting.length) field.setAttribute("aria-activedescendant", "canned-0");
    else field.removeAttribute("aria-activedescendant");
  }

  function close() {
    if (!popup()) return;
    popup().hidden = true;
    text().removeAttribute("aria-activedescendant");
  }

  function inText(event) {
    if (popup().hidden) return false;
    const options = $$("[role=option]", popup()), at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && options.length) {
      const next = options[(at + by + options.length) % options.length];
      options.forEach((o) => o.setAttribute("aria-selected", String(o === next)));
      text().setAttribute("aria-activedescendant", next.id);
    } else if ((event.key === "Enter" || event.key === "Tab") && options[at] && !event.ctrlKey) insert(options[at].one);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  function insert(one) {
    const field = text(), found = asked(field)?.found, end = field.selectionStart;
    const start = found ? end - found[1].length - found[2].length : end;
    field.setRangeText(one.text, start, end, "end");
    close();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const hole = field.value.match(/\{[a-z_]+\.[a-z_]+\}/);
    if (hole) field.setSelectionRange(hole.index, hole.index + hole[0].length);
  }

  /* A placeholder without a value stands in the text and is named below it until somebody fills it. */
  function flag() {
    const holes = [...new Set(text().value.match(/\{[a-z_]+\.[a-z_]+\}/g) || [])];
    const line = $("[data-flag]", desk);
    line.hidden = !holes.length;
    line.textContent = holes.length ? `${text().dataset.missing} ${holes.join(", ")}` : "";
  }

  /* Files go to the server at once, so that they survive a reload; where it takes none they wait in the form. */
  async function files(list) {
    const field = $("[name=files]", form()), body = new FormData(), waiting = new DataTransfer();
    list.forEach((file) => { body.append("files", file); waiting.items.add(file); });
    /* Who sends before they have arrived sends them with the form. */
    field.files = waiting.files;
    upload = new AbortController();
    const answer = await fetch(`${here().dataset.base}draft-files/`, { method: "POST", body, headers: { "X-CSRFToken": csrf(), "HX-Request": "true" }, signal: upload.signal }).catch(() => null);
    if (!field.isConnected) return;
    if (answer?.ok && !answer.redirected) {
      field.value = "";
      $("[data-previews]", form()).outerHTML = await answer.text();
      htmx.process($("[data-previews]", form()));
    } else $("[data-previews]", form()).append(...list.map((file) => make("li", {}, make("span", {}, file.name))));
    $$("[data-previews] li", form()).slice(-list.length).forEach((row, place) => preview(row, list[place]));
  }

  function preview(row, file) {
    if (!file?.type.startsWith("image/")) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => row.prepend(make("img", { src: reader.result, alt: "", height: "96" })));
    reader.readAsDataURL(file);
  }

  desk.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files || [])];
    if (event.target !== text() || !pasted.length) return;
    event.preventDefault();
    files([...$("[name=files]", form()).files, ...pasted]);
  });

  desk.addEventListener("input", (event) => {
    if (event.target !== text() && event.target.name !== "kind") return;
    typed = Date.now();
    unsaved = true;
    saving ||= setTimeout(() => { saving = null; beat(); }, KEEP);
    if (event.target === text()) { flag(); offer(); }
  });

  desk.addEventListener("change", (event) => {
    if (event.target.name === "files") files([...event.target.files]);
    else if (event.target.name === "next") localStorage.setItem("desk-next", event.target.checked ? "on" : "off");
    else if (event.target.closest("[data-auto]")) event.target.form.requestSubmit();
  });

  desk.addEventListener("mousedown", (event) => {
    const option = event.target.closest("#write-canned [role=option]");
    if (option) { event.preventDefault(); insert(option.one); }
  });

  desk.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-canned]");
    if (event.target.closest("[data-reload]")) { event.preventDefault(); await beat(); reload(); }
    if (!link) return;
    event.preventDefault();
    link.closest("details").removeAttribute("open");
    const one = (await texts()).find((each) => String(each.pk) === link.dataset.canned);
    if (one) insert(one);
  });

  desk.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    clearTimeout(saving);
    flight?.abort();
    upload?.abort();
    saving = null;
    unsaved = false;
    typed = 0;
  });

  /* A case was opened, or came anew after a change. */
  function arrive() {
    canned = null;
    desk.classList.toggle("desk-open", Boolean(here()));
    const next = $("[name=next]", desk);
    if (next) next.checked = localStorage.getItem("desk-next") !== "off";
    if (text()) flag();
    /* Where the page itself scrolls, on a phone, the newest message is what one wants to see. */
    if (innerWidth < 1000) $$(".thread > *", desk).at(-1)?.scrollIntoView({ block: "end" });
    mark();
    beat();
  }

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "conversation" || !detail.shouldSwap) return;
    const other = !detail.xhr.responseText.includes(`data-case="${here()?.dataset.case}"`);
    if (other) leave(here());
  });

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id === "desk-list") mark();
    if (detail.target.id !== "conversation") return;
    arrive();
    if (document.activeElement === document.body) ($("[data-focus]", desk) || $(".case-title", desk))?.focus({ preventScroll: true });
    htmx.trigger(document.body, "deskChanged");
  });

  setInterval(() => $$("[data-in]", desk).forEach((span) => {
    const left = Number(span.dataset.in) - 1;
    span.dataset.in = left;
    span.textContent = left > 0 ? span.textContent.replace(/\d+/, left) : span.dataset.soon;
    if (left <= 0) $("form", span.closest(".msg-mail"))?.remove();
  }), 1000);
  setInterval(beat, BEAT);
  addEventListener("pagehide", () => leave(here()));
  document.addEventListener("visibilitychange", () => (document.hidden ? leave(here()) : beat()));
  arrive();
})();

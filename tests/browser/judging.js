/* Runs in the page beside axe-core. Whether a text can be read is a matter of its colour, its size and the colours that lie
   under it: each such combination is judged where it is met first, and then known, since nothing else changes the answer.
   Where something else may (a picture or a gradient below, a part lifted out of the flow), it is judged on each page. */
(() => {
  function ground(element, known) {
    if (!element) return { layers: "canvas", whole: true, lifted: false };
    if (known.has(element)) return known.get(element);
    const style = getComputedStyle(element), under = ground(element.parentElement, known);
    const { backgroundColor: colour, backgroundImage: picture, opacity } = style;
    const whole = under.whole && opacity === "1" && style.filter === "none" && style.mixBlendMode === "normal";
    const solid = whole && picture === "none" && colour.startsWith("rgb(");
    const bare = opacity === "1" && picture === "none" && colour === "rgba(0, 0, 0, 0)";
    const layers = solid ? colour : bare ? under.layers : `${under.layers}/${colour} ${picture} ${opacity}`;
    const lifted = !solid && (under.lifted || (style.position !== "static" && style.inset !== "auto") || style.transform !== "none");
    known.set(element, { layers, whole, lifted });
    return known.get(element);
  }

  /* Not what is folded away, cut down to a point for screen readers, or kept above the page until it has the focus. */
  function seen(element) {
    const shown = element.checkVisibility({ visibilityProperty: true }) && getComputedStyle(element).clip === "auto";
    return shown && element.offsetWidth !== 1 && element.getBoundingClientRect().bottom + scrollY > 0;
  }

  function texts(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = new Set(root.querySelectorAll("input:not([type=checkbox], [type=radio]), select, textarea"));
    while (walker.nextNode()) if (walker.currentNode.data.trim()) found.add(walker.currentNode.parentElement);
    return [...found].filter(seen);
  }

  /* What was lifted out of the flow lies on whatever is painted below its middle; "" when that is out of view. */
  function below(element) {
    const { left, top, width, height } = element.getBoundingClientRect();
    const painted = document.elementsFromPoint(left + width / 2, top + height / 2);
    const styles = painted.slice(painted.indexOf(element)).map((each) => getComputedStyle(each));
    return painted.includes(element) ? styles.map((s) => `${s.backgroundColor} ${s.backgroundImage} ${s.opacity}`).join("/") : "";
  }

  /* {combination: [elements]}, and under "" those that are judged each time. */
  function combinations(root) {
    const known = new Map(), all = new Map();
    for (const element of texts(root)) {
      const { layers, whole, lifted } = ground(element, known), style = getComputedStyle(element);
      const under = lifted ? below(element) : layers;
      const key = whole && under ? [style.color, style.fontSize, style.fontWeight, style.textShadow, under].join(" | ") : "";
      if (!all.has(key)) all.set(key, []);
      all.get(key).push(element);
    }
    return all;
  }

  /* Contrast alone: {faults, good}; `good` are the combinations that were judged here and can be read. */
  window.judgeColours = async (known, within) => {
    const fresh = [...combinations(document.querySelector(within))].filter(([key]) => !known.includes(key));
    if (!fresh.length) return { faults: [], good: [] };
    const options = { runOnly: ["color-contrast"], resultTypes: ["violations", "passes", "incomplete"], elementRef: true, preload: false };
    const answer = await axe.run({ include: fresh.flatMap(([, elements]) => elements) }, options);
    const told = (results) => new Set(results.flatMap((result) => result.nodes.map((node) => node.element)));
    const [passed, wrong, open] = [answer.passes, answer.violations, answer.incomplete].map(told);
    /* Over a picture axe never decides, here as little as on the next page. */
    const decided = (key, element) => passed.has(element) || (key.includes("url(") && open.has(element));
    const doubtful = (key, element) => wrong.has(element) || (open.has(element) && !decided(key, element));
    const good = fresh.filter(([key, all]) => key && all.some((e) => decided(key, e)) && !all.some((e) => doubtful(key, e)));
    return { faults: faultsOf(answer), good: good.map(([key]) => key) };
  };

  const CONTRAST = "color-contrast", ASKED = { resultTypes: ["violations"], elementRef: true };
  /* What is said of a page and not of a thing in it. */
  const OF_PAGES = /^(accesskeys|aria-hidden-body|bypass|css-|document|duplicate|heading|html|landmark|meta|page|region|skip)/;

  /* All other rules, `within` a part of the page, and what is said of a page always of the whole. What an open menu has
     put out of a pointer's reach is no target until the menu closes. */
  window.judgeAll = async (tags, within) => {
    const rules = axe.getRules(tags).map((rule) => rule.ruleId);
    const without = (off) => ({ ...ASKED, runOnly: tags, rules: Object.fromEntries(off.map((id) => [id, { enabled: false }])) });
    const whole = await axe.run(document, without(within === "body" ? [CONTRAST] : rules.filter((id) => !OF_PAGES.test(id))));
    if (within === "body") return faultsOf(whole);
    const part = await axe.run({ include: [within] }, without([CONTRAST, ...rules.filter((id) => OF_PAGES.test(id))]));
    return [...faultsOf(whole), ...faultsOf(part)];
  };

  function faultsOf(answer) {
    const reached = (rule, node) => rule.id !== "target-size" || getComputedStyle(node.element).pointerEvents !== "none";
    return answer.violations.flatMap((rule) => rule.nodes.filter((node) => reached(rule, node))
      .map((node) => `${rule.id} at ${node.target}: ${node.failureSummary}`));
  }
})();

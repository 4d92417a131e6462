(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const bar = by("filter");
  if (!bar) return;
  const rule = by("f-rule"), severity = by("f-severity"), file = by("f-file"), text = by("f-text");
  const files = [...document.querySelectorAll(".file")].map((box) => ({
    box,
    groups: [...box.querySelectorAll(".group")].map((group) => ({
      group,
      open: group.open,
      items: [...group.querySelectorAll("li")].map((item) => ({ item, words: "" })),
    })),
  }));
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    const narrowed = Boolean(rule.value || severity.value || file.value || wanted);
    let shown = 0, all = 0;
    for (const { box, groups } of files) {
      let inFile = 0;
      for (const { group, open, items } of groups) {
        let inGroup = 0;
        const here = (!rule.value || group.dataset.rule === rule.value) && (!file.value || box.dataset.file === file.value);
        for (const entry of items) {
          let fits = here && (!severity.value || entry.item.dataset.severity === severity.value);
          if (fits && wanted) {
            entry.words ||= entry.item.textContent.toLowerCase();
            fits = entry.words.includes(wanted);
          }
          entry.item.hidden = !fits;
          inGroup += fits;
        }
        group.hidden = inGroup === 0;
        group.open = narrowed ? inGroup <= 200 : open;
        inFile += inGroup;
        all += items.length;
      }
      box.hidden = inFile === 0;
      shown += inFile;
    }
    by("f-count").textContent = narrowed ? `${shown} of ${all} findings` : `${all} findings`;
  };
  let waiting = 0;
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  for (const select of [rule, severity, file]) select.addEventListener("change", apply);
  for (const link of document.querySelectorAll("a.pick")) {
    link.addEventListener("click", () => {
      rule.value = link.dataset.rule;
      severity.value = file.value = text.value = "";
      apply();
    });
  }
  bar.hidden = false;
  // A browser may bring a form back as it was left.
  apply();
})();

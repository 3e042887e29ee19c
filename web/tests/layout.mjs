// What is wrong with how a screen lies on the page: wider than the window, cut off, out of reach of the keyboard, without a visible focus.

/** Runs in the page. Gives what is wrong, in words. */
export function misplaced() {
  const wrong = [];
  const { clientWidth, scrollWidth } = document.documentElement;
  const told = (it) => `${it.tagName.toLowerCase()} ${(it.getAttribute("aria-label") ?? it.textContent ?? "").trim().slice(0, 60)} [${it.className?.baseVal ?? it.className}]`;
  if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth} wide in a window of ${clientWidth}`);
  const isShown = (it) => it.checkVisibility({ visibilityProperty: true }) && it.getBoundingClientRect().width > 2 && it.getBoundingClientRect().height > 2;
  /** Whether somebody can scroll to it. */
  const isScrolled = (it) => {
    for (let above = it.parentElement; above; above = above.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(above);
      if (/auto|scroll/.test(overflowX) && above.scrollWidth > above.clientWidth) return "across";
      if (/auto|scroll/.test(overflowY) && above.scrollHeight > above.clientHeight) return "down";
    }
    return document.documentElement.scrollHeight > document.documentElement.clientHeight ? "down" : undefined;
  };
  for (const it of document.querySelectorAll("a[href],button,input,select,textarea,summary,iframe,[role=menuitem],[role=dialog],[contenteditable=true]")) {
    if (!isShown(it)) continue;
    const { left, right, top, bottom } = it.getBoundingClientRect();
    const isAcross = left < -1 || right > clientWidth + 1;
    const isDown = it.matches("iframe") ? false : top < -1 || bottom > innerHeight + 1;
    const by = isAcross || isDown ? isScrolled(it) : undefined;
    if ((isAcross && by !== "across") || (isDown && !by)) wrong.push(`out of the window (${[left, right, top, bottom].map(Math.round)}): ${told(it)}`);
  }
  for (const it of document.querySelectorAll("body *")) {
    const style = getComputedStyle(it);
    if (!isShown(it) || it.closest("iframe,svg,select,.sr-only")) continue;
    const isCutAcross = /hidden|clip/.test(style.overflowX) && it.scrollWidth > it.clientWidth + 1 && style.textOverflow !== "ellipsis";
    const isCutDown = /hidden|clip/.test(style.overflowY) && it.scrollHeight > it.clientHeight + 1 && style.textOverflow !== "ellipsis";
    if (isCutAcross || isCutDown) wrong.push(`cut off (${it.scrollWidth} x ${it.scrollHeight} in ${it.clientWidth} x ${it.clientHeight}): ${told(it)}`);
    // A word on a button is read whole.
    if (it.closest("button") && style.textOverflow === "ellipsis" && it.scrollWidth > it.clientWidth + 1 && !it.closest("article,[role=row],[role=dialog] li")) wrong.push(`a button's words are cut off: ${told(it)}`);
  }
  return wrong;
}

/** Goes through what is shown by the Tab key alone. Gives what is not reached, or does not show that it has the focus. */
export async function unreachable(page) {
  const count = await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll("[role=dialog],[role=alertdialog]")].filter((it) => it.checkVisibility());
    const place = dialogs.at(-1) ?? document;
    const names = new Set();
    const wanted = [...place.querySelectorAll("a[href],button,input,select,textarea,summary,[tabindex],[contenteditable=true]")].filter((it) => {
      if (!it.checkVisibility({ visibilityProperty: true }) || it.disabled || it.tabIndex < 0 || it.closest("[inert],[aria-hidden=true]")) return false;
      if (it.type === "radio") {
        const chosen = document.querySelector(`input[type=radio][name="${CSS.escape(it.name)}"]:checked`);
        if ((chosen && chosen !== it) || names.has(it.name)) return false;
        names.add(it.name);
      }
      return it.getBoundingClientRect().width > 0;
    });
    globalThis.wanted = new Set(wanted);
    globalThis.unseen = [];
    return wanted.length;
  });
  for (let step = 0; step < count * 2 + 12; step += 1) {
    await page.keyboard.press("Tab");
    const left = await page.evaluate(() => {
      const it = document.activeElement;
      if (!globalThis.wanted.delete(it)) return globalThis.wanted.size;
      const marks = (element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      };
      const { top, bottom, left, right } = it.getBoundingClientRect();
      const isSeen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      // A field may show its focus on the frame drawn round it.
      const frames = [it.parentElement, it.parentElement.parentElement, it.parentElement.parentElement?.parentElement].filter((frame) => frame?.matches("label,form,.tells-focus"));
      const isMarked = marks(it) || (it.matches("input,textarea,[contenteditable]") && frames.some(marks));
      if (!isSeen || !isMarked) globalThis.unseen.push(`${isMarked ? "focused out of sight" : "no visible focus"}: ${it.outerHTML.slice(0, 160)}`);
      return globalThis.wanted.size;
    });
    if (left === 0) break;
  }
  return page.evaluate(() => [...globalThis.unseen, ...[...globalThis.wanted].map((it) => `not reached by the keyboard: ${it.outerHTML.slice(0, 160)}`)]);
}

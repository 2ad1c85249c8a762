#!/usr/bin/env python3
"""How fast the page of maps is in headless Chromium: viewer.py MAKE_PAGE [LAYERSxHEADSxTOKENS ...]

Prints, in milliseconds: first paint; all heads seen in the overview; the file read to its end; and
the median and worst of 30 of each interaction, from the event to the end of its handlers, and to
the end of the next frame.
"""

import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "browser"))

import chrome  # noqa: E402

OBSERVE = """
window.seen = {};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen[entry.name] = entry.startTime;
}).observe({type: 'paint', buffered: true});
const timer = setInterval(() => {
  const overview = document.querySelector('.overview');
  const tiles = document.querySelectorAll('.tile').length;
  if (!overview || !tiles || Number(overview.dataset.painted) !== tiles) return;
  window.seen.overview = performance.now();
  clearInterval(timer);
}, 4);
addEventListener('load', () => { window.seen.whole = performance.now(); });
"""

INTERACT = """
const [code, done] = arguments;
const act = new Function('i', code);
const times = [];
const step = (i) => {
  if (i === 31) return done(times.slice(1));
  const start = performance.now();
  act(i);
  const handled = performance.now() - start;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      times.push([handled, performance.now() - start]);
      setTimeout(() => step(i + 1), 20);
    };
    channel.port2.postMessage(0);
  });
};
step(0);
"""

KEY = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: %s, bubbles: true}));"
HOVER = """
const canvas = document.querySelector('%s');
const box = canvas.getBoundingClientRect();
canvas.dispatchEvent(new PointerEvent('pointermove', {bubbles: true,
    clientX: box.left + %s, clientY: box.top + 100 + i * 20}));
"""
INTERACTIONS = [
    ("hover a cell", None, HOVER % (".matrix .front", "130 + i * 7")),
    ("next head", None, KEY % "i % 2 ? 'ArrowRight' : 'ArrowLeft'"),
    ("next layer", None, KEY % "i % 24 < 12 ? 'ArrowDown' : 'ArrowUp'"),
    ("log scale", None, KEY % "'l'"),
    ("whole words", None, KEY % "'w'"),
    ("theme", None, KEY % "'t'"),
    ("hover a line", "2", HOVER % (".lines canvas", "40")),
    ("next layer, lines", "2", KEY % "i % 24 < 12 ? 'ArrowDown' : 'ArrowUp'"),
]


def measure(driver, page):
    driver.get("file://" + page)
    seen = {}
    while not {"first-paint", "overview", "whole"} <= seen.keys():
        seen = driver.execute_script("return window.seen")
    print(f"{'first paint':20} {seen['first-paint']:8.0f}")
    print(f"{'overview whole':20} {seen['overview']:8.0f}")
    print(f"{'file read':20} {seen['whole']:8.0f}")
    print(f"{'':20} {'handlers':>17}  {'next frame':>17}")
    for name, view, code in INTERACTIONS:
        driver.execute_script(KEY % repr(view or "1"))
        times = driver.execute_async_script(INTERACT, code)
        columns = [[time[i] for time in times] for i in (0, 1)]
        print(f"{name:20} " + "  ".join(f"{statistics.median(c):8.1f} {max(c):8.1f}" for c in columns))


def main():
    chrome.skip_if_missing()
    make_page, *shapes = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        driver = chrome.start(folder)
        try:
            chrome.resize(driver, 1400, 1000)
            driver.set_script_timeout(120)
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OBSERVE})
            for shape in shapes or ["12x12x512"]:
                page = os.path.join(folder, shape + ".html")
                subprocess.run([make_page, shape, page], check=True)
                print(f"\n{shape}, {os.path.getsize(page) / 1e6:.1f} MB")
                measure(driver, page)
        finally:
            driver.quit()


if __name__ == "__main__":
    main()

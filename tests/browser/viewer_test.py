#!/usr/bin/env python3
"""The page of maps in a real browser: viewer_test.py MAKE_PAGE CONVBERT [unittest's arguments]"""

import glob
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import chrome

MAKE_PAGE = CONVBERT = None
LABELS = ["[CLS]", "con", "##vo", "##lution", "sees", "its", "neighbour", "##s", ".", "[SEP]"]
WORDS = ["[CLS]", "convolution", "sees", "its", "neighbours", ".", "[SEP]"]
NAMED_ROLES = {"application", "button", "checkbox", "combobox", "dialog", "grid", "gridcell",
               "image", "img", "listbox", "option", "radio", "searchbox", "slider"}
GROUPS = [[0], [1, 2, 3], [4], [5], [6, 7], [8], [9]]


def known_weight(layer, head, row, column):
    """As in known_maps.h."""
    return ((7 * layer + 13 * head + 31 * row + 17 * column * column) % 997 + 1) / 1000


class ViewerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.driver = chrome.start(cls.folder.name)
        cls.pages = {}

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.folder.cleanup()

    def setUp(self):
        chrome.resize(self.driver, 1400, 1000)

    def tearDown(self):
        self.assertEqual(chrome.complaints(self.driver), [])
        self.assertEqual(chrome.requests(self.driver), [])

    # What a person does and sees.

    def open(self, kind):
        if kind not in self.pages:
            path = os.path.join(self.folder.name, f"{kind}.html")
            subprocess.run([MAKE_PAGE, kind, path], check=True)
            self.pages[kind] = "file://" + path
        self.driver.get(self.pages[kind])
        self.settle()

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def find(self, selector):
        return self.js("return document.querySelector(arguments[0])", selector)

    def text(self, selector, panel=0):
        return self.texts(selector)[panel]

    def texts(self, selector):
        return self.js("""return [...document.querySelectorAll(arguments[0])]
                              .map((one) => one.textContent.trim());""", selector)

    def press(self, *keys):
        """Keys where the focus is, as a keyboard sends them."""
        names = {"Left": 37, "Up": 38, "Right": 39, "Down": 40}
        for key in keys:
            event = {"key": f"Arrow{key}", "code": f"Arrow{key}",
                     "windowsVirtualKeyCode": names[key]} if key in names else {"key": key}
            event.update({"Enter": {"windowsVirtualKeyCode": 13, "text": "\r"},
                          "Tab": {"windowsVirtualKeyCode": 9, "code": "Tab"},
                          "Escape": {"windowsVirtualKeyCode": 27}}.get(key, {}))
            if len(key) == 1:
                event["text"] = key
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", **event})
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {
                "type": "keyUp", **{k: v for k, v in event.items() if k != "text"}})
            self.settle()

    def choose(self, control, value):
        self.js("""const control = document.getElementById(arguments[0]);
                   control.value = arguments[1];
                   const event = control.tagName === 'SELECT' ? 'change' : 'input';
                   control.dispatchEvent(new Event(event));""",
                control, value)
        self.settle()

    def settle(self):
        """Lets the page draw what it is about to: it does so before the next frame."""
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]));")

    def mouse_to(self, x, y, is_click=False):
        self.settle()
        kinds = ["mouseMoved"] + (["mousePressed", "mouseReleased"] if is_click else [])
        for kind in kinds:
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left",
                "clickCount": 0 if kind == "mouseMoved" else 1})
        self.settle()

    def point_at(self, row, column, panel=0, is_click=False):
        x, y = self.js("""
            const canvas = document.querySelectorAll('.matrix .front')[arguments[2]];
            canvas.scrollIntoView({block: 'center'});
            const {margin, cell, row, column} = canvas.dataset;
            const box = canvas.getBoundingClientRect();
            return [box.left + +margin + (arguments[1] - column + 0.5) * cell,
                    box.top + +margin + (arguments[0] - row + 0.5) * cell];""", row, column, panel)
        self.mouse_to(x, y, is_click)

    def check_readout(self, origin, target, weight, panel=0):
        self.assertEqual(self.text(".readout .from", panel), origin)
        self.assertEqual(self.text(".readout .to", panel), target)
        self.assertAlmostEqual(float(self.text(".readout .weight", panel)), weight,
                               delta=0.002 * weight + 0.0005 * (weight >= 0.1))

    def color_at(self, row, column):
        return tuple(self.js("""
            const canvas = document.querySelector('.matrix canvas');
            const {margin, cell} = document.querySelector('.matrix .front').dataset;
            const ratio = canvas.width / canvas.clientWidth;
            const at = (i) => Math.round((+margin + (i + 0.5) * cell) * ratio);
            const copy = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
            copy.drawImage(canvas, -at(arguments[1]), -at(arguments[0]));
            return [...copy.getImageData(0, 0, 1, 1).data];""", row, column))

    def wait_for(self, condition, what):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.05)
        self.fail(what)

    def saved(self, form):
        """The content of the file that was saved, which is then removed."""
        pattern = os.path.join(self.folder.name, "*." + form)

        def is_whole():
            # Chromium holds the name with an empty file until the download takes its place.
            return any(os.path.getsize(path) > 0 for path in glob.glob(pattern))

        self.wait_for(is_whole, f"no {form} was saved")
        path, = glob.glob(pattern)
        with open(path, "rb") as file:
            content = file.read()
        os.remove(path)
        return content

    # Claims.

    def test_pointing_at_a_cell_tells_its_weight(self):
        self.open("page")
        for row, column in ((0, 0), (3, 7), (9, 4)):
            self.point_at(row, column)
            self.check_readout(LABELS[row], LABELS[column], known_weight(0, 0, row, column))
        self.mouse_to(2, 2)
        self.check_readout("[CLS]", "[CLS]", known_weight(0, 0, 0, 0))
        self.point_at(2, 5, is_click=True)
        self.mouse_to(2, 2)
        self.check_readout("##vo", "its", known_weight(0, 0, 2, 5))

    def test_sliders_and_overview_choose_the_map(self):
        self.open("page")
        self.choose("layer", 1)
        self.choose("head", 2)
        self.assertEqual(self.text("#layer-number") + self.text("#head-number"), "12")
        self.assertEqual(self.text(".caption"), "layer 1, head 2 · self-attention")
        self.point_at(4, 6)
        self.check_readout("sees", "neighbour", known_weight(1, 2, 4, 6))
        self.js("document.querySelectorAll('.tile')[1].click()")
        self.assertEqual(self.text(".caption"), "layer 0, head 1 · self-attention")
        self.assertEqual(len(self.texts(".tile[aria-selected=true]")), 1)

    def test_everything_by_keyboard(self):
        self.open("page")
        self.press("Right", "Down")
        self.assertEqual(self.text(".caption"), "layer 1, head 1 · self-attention")
        for _ in range(40):
            self.press("Tab")
            if self.js("return document.activeElement.matches('.tile')"):
                break
        self.assertEqual(self.js("return document.activeElement.getAttribute('aria-label')"),
                         "layer 1, head 1")
        self.press("Right", "Up")
        self.assertEqual(self.js("return document.activeElement.getAttribute('aria-label')"),
                         "layer 0, head 2")
        self.press("Enter")
        self.press("Down", "Down", "Right")
        self.check_readout("##vo", "con", known_weight(0, 2, 2, 1))
        self.assertIn("##vo", self.text("#announcer"))
        self.press("+", "End")
        self.check_readout("##vo", "[SEP]", known_weight(0, 2, 2, 9))
        self.press("Escape")
        self.assertTrue(self.js("return document.activeElement.matches('.tile')"))
        self.press("?")
        self.assertTrue(self.js("return document.getElementById('help-dialog').open"))
        self.press("Escape")
        self.assertFalse(self.js("return document.getElementById('help-dialog').open"))
        self.press("]")
        self.assertEqual(self.text("#record-count"), "2 of 3")

    def test_words_are_merged(self):
        self.open("page")
        self.press("w")
        self.assertEqual(self.texts(".tokens span"), WORDS)
        for row, column in ((1, 4), (4, 1), (2, 1)):
            self.point_at(row, column)
            rows, columns = GROUPS[row], GROUPS[column]
            expected = sum(known_weight(0, 0, i, j) for i in rows for j in columns) / len(rows)
            self.check_readout(WORDS[row], WORDS[column], expected)
        self.choose("type", "conv-map")
        self.assertIn("outside the text 0.375", self.text(".readout"))

    def test_scale_range_and_theme_change_colours(self):
        self.open("page")
        table = self.js("return JSON.parse(document.getElementById('settings').textContent).themes")

        def color(theme, step):
            return tuple(bytes.fromhex(table[theme]["table"][6 * step:6 * step + 6])) + (255,)

        row, column = 4, 3
        own = max(known_weight(0, 0, i, j) for i in range(10) for j in range(10))
        step = round(255 * known_weight(0, 0, row, column) / own)
        self.assertIn(self.color_at(row, column), [color("light", step + by) for by in (-1, 0, 1)])
        self.press("t")
        self.assertIn(self.color_at(row, column), [color("dark", step + by) for by in (-1, 0, 1)])
        background = self.js("return getComputedStyle(document.body).backgroundColor")
        self.assertEqual(background, "rgb(%d, %d, %d)" % color("dark", 0)[:3])
        self.assertEqual(self.find("#theme").get_attribute("aria-pressed"), "true")
        self.press("l")
        step = round(255 * (1 + math.log10(known_weight(0, 0, row, column) / own) / 4))
        self.assertIn(self.color_at(row, column), [color("dark", step + by) for by in (-1, 0, 1)])
        self.press("l", "r")
        largest = max(known_weight(layer, head, i, j) for layer in range(2) for head in range(3)
                      for i in range(10) for j in range(10))
        step = round(255 * known_weight(0, 0, row, column) / largest)
        self.assertIn(self.color_at(row, column), [color("dark", step + by) for by in (-1, 0, 1)])
        self.assertIn("to %.3f" % largest, self.find(".legend").get_attribute("aria-label"))

    def test_search_finds_words_across_pieces_and_records(self):
        self.open("page")
        self.press("/")
        self.press(*"volution")
        self.assertEqual(self.text("#found"), "1")
        self.assertEqual(self.texts(".found"), ["vo", "lution"])
        self.press("Enter")
        self.check_readout("##vo", "##vo", known_weight(0, 0, 2, 2))
        self.choose("search", "語")
        self.assertEqual(self.text("#found"), "none · 1 more record")
        self.press("Enter")
        self.assertEqual(self.text("#record-count"), "2 of 3")
        self.assertEqual(self.text(".readout .from"), "語")

    def test_records_are_switched(self):
        self.open("page")
        self.assertEqual(self.js("return document.getElementById('record').options.length"), 3)
        self.js("document.getElementById('next-record').click()")
        self.point_at(4, 5)
        self.check_readout("مرحبا", "😀", known_weight(0, 0, 4, 5))
        self.assertFalse(self.find("#words-field").is_displayed())
        self.press("]")
        self.point_at(101, 51)
        self.check_readout("word101", "word51", known_weight(0, 0, 101, 51))
        self.assertFalse(self.find("#next-record").is_enabled())

    def test_kernels_show_weights_over_the_window(self):
        self.open("page")
        self.press("3")
        self.assertEqual(self.text(".caption"), "layer 0, head 0 · convolution kernels")
        band = self.find(".band canvas")
        self.js("arguments[0].focus()", band)
        self.press("Down", "Down", "Right", "Right")
        self.check_readout("##vo", "sees", known_weight(0, 0, 2, 6))
        self.assertIn("offset +2", self.text(".readout"))
        self.press(*["Left"] * 6)
        self.check_readout("##vo", "before the text", known_weight(0, 0, 2, 0))
        bars = self.find(".bars").get_attribute("aria-label")
        self.assertTrue(bars.startswith("Kernel at ##vo: before 0.0630, before 0.0801"), bars)
        left, cell, top = self.js("return [+arguments[0].dataset.left, +arguments[0].dataset.cell, "
                                  "+arguments[0].dataset.header]", band)
        box = band.rect
        self.mouse_to(box["x"] + left + 4.5 * cell, box["y"] + top + 6.5 * 20)
        self.check_readout("neighbour", "neighbour", known_weight(0, 0, 6, 4))
        # As a matrix, column 4 of a band is its diagonal.
        self.press("1")
        self.point_at(6, 8)
        self.check_readout("neighbour", ".", known_weight(0, 0, 6, 6))
        self.point_at(0, 9)
        self.check_readout("[CLS]", "[SEP]", 0)

    def test_a_part_of_a_text_goes_on_beyond_its_labels(self):
        self.open("part")  # tokens 3 to 5 of 7
        self.press("3")
        self.js("document.querySelector('.band canvas').focus()")
        self.press("Down")
        # Token 4: taps from 0 to 8, of which 7 and 8 are behind the text.
        names = ["token 0", "token 1", "token 2", "sees", "its", "neighbour", "token 6",
                 "behind", "behind"]
        for tap in range(4, -1, -1):
            self.assertEqual(self.text(".readout .to"), names[tap])
            self.press("Left")
        self.press(*["Right"] * 6)
        self.check_readout("its", "token 6", known_weight(0, 0, 1, 6))
        self.press("Right")
        self.check_readout("its", "behind the text", known_weight(0, 0, 1, 7))
        bars = self.find(".bars").get_attribute("aria-label")
        self.assertEqual([tap.rpartition(" ")[0] for tap in bars.partition(": ")[2].split(", ")],
                         names)
        self.assertIn("hatched", self.text(".largest"))
        behind = known_weight(0, 0, 1, 7) + known_weight(0, 0, 1, 8)
        self.press("1")
        outside = float(self.text(".readout").rpartition("outside the text ")[2])
        self.assertAlmostEqual(outside, behind, delta=0.003 * behind)

    def test_a_text_from_right_to_left_is_laid_out_so(self):
        self.open("part")
        self.press("]")
        places = self.js("""return [...document.querySelectorAll('.tokens span')]
                                .map((span) => span.getBoundingClientRect().x);""")
        self.assertEqual(places, sorted(places, reverse=True))
        self.js("document.querySelector('.tokens').focus()")
        self.press("Left", "Left")
        self.assertEqual(self.text(".tokens .chosen"), "بالعالم")

    def test_print_shows_the_maps_and_not_the_controls(self):
        self.open("page")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        for selector in ("#controls", ".export", ".zoom", "#search"):
            self.assertFalse(self.find(selector).is_displayed(), selector)
        for selector in (".caption", ".tokens", ".matrix canvas", ".overview", ".legend"):
            self.assertTrue(self.find(selector).is_displayed(), selector)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    def test_without_script_it_says_what_is_missing(self):
        self.open("page")
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.driver.get(self.pages["page"])
        told = self.driver.find_element("css selector", "noscript p")
        self.assertTrue(told.is_displayed())
        self.assertIn("allow scripts", told.text)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    def test_lines_follow_the_token(self):
        self.open("page")
        self.press("2")
        canvas = self.find(".lines canvas")
        box = canvas.rect
        self.mouse_to(box["x"] + 20, box["y"] + 4.5 * 20)
        best = max(range(10), key=lambda j: known_weight(0, 0, 4, j))
        self.check_readout("sees", LABELS[best], known_weight(0, 0, 4, best))
        self.js("arguments[0].focus()", canvas)
        self.press("Down")
        self.press("Right", "Down")
        self.assertNotEqual(self.text(".readout .to"), "[CLS]")

    def test_export(self):
        self.open("page")
        for view, key in (("matrix", "1"), ("lines", "2"), ("kernel", "3")):
            self.press(key)
            for form in ("png", "svg"):
                self.find(f"[data-format={form}][data-way=save]").click()
                content = self.saved(form)
                if form == "png":
                    self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
                    width, height = struct.unpack(">II", content[16:24])
                    self.assertGreater(min(width, height), 300, view)
                else:
                    root = xml.etree.ElementTree.fromstring(content)
                    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
                    self.assertIn("##lution", texts, view)
        self.driver.execute_cdp_cmd("Browser.grantPermissions", {
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
        for form in ("PNG", "SVG"):
            self.find(f"[data-format={form.lower()}][data-way=copy]").click()
            self.wait_for(lambda form=form: form in self.text("#announcer"), "nothing was told")
            self.assertEqual(self.text("#announcer"), f"{form} copied")
            self.assertTrue(self.find(".export-note").is_displayed())
            self.assertEqual(self.text(".export-note"), f"{form} copied")
        self.press("1")
        self.assertFalse(self.find(".export-note").is_displayed())

    def test_a_matrix_is_enlarged_and_moved(self):
        self.open("page")
        self.press("]", "]")
        for _ in range(3):
            self.find(".zoom [data-by='1']").click()
        front = self.find(".matrix .front")
        self.assertLess(int(front.get_attribute("data-seen")), 100)
        self.js("arguments[0].focus()", front)
        self.press("End")
        self.check_readout("[CLS]", "[SEP]", known_weight(0, 0, 0, 199))
        self.point_at(5, 190)
        self.check_readout("word5", "word190", known_weight(0, 0, 5, 190))
        self.press("0")
        self.assertEqual(front.get_attribute("data-seen"), "200")

    def test_two_models_are_linked(self):
        self.open("compare")
        self.assertEqual(self.texts(".model"), ["first", "second"])
        self.choose("layer", 3)
        self.choose("head", 1)
        self.assertEqual(self.text(".caption", 0), "layer 1, head 1 · self-attention")
        self.assertEqual(self.text(".caption", 1), "layer 3, head 1 · self-attention")
        self.point_at(4, 6, panel=1, is_click=True)
        self.mouse_to(2, 2)
        self.check_readout("sees", "neighbour", known_weight(1, 1, 4, 6), panel=0)
        self.check_readout("sees", "neighbour", known_weight(3, 1, 4, 6), panel=1)
        self.press("r")  # one range for both
        for legend in self.driver.find_elements("css selector", ".legend"):
            self.assertIn("to 2.000", legend.get_attribute("aria-label"))
        self.choose("type", "conv")
        self.assertEqual(self.text(".absent", 1), "No maps of this kind.")
        self.assertTrue(self.js("return document.querySelectorAll('.absent')[0].hidden"))

    def test_whole_layers_have_no_heads(self):
        self.open("page")
        self.choose("type", "rollout")
        self.assertFalse(self.find("#head-field").is_displayed())
        self.press("Right")
        self.assertEqual(self.text(".caption"), "layer 1 · rollout")

    def test_hostile_labels_are_text(self):
        self.open("hostile")
        hostile = "</script><img src=x onerror=\"document.title='hacked'\">&"
        self.assertTrue(self.driver.title.startswith(hostile))
        self.assertEqual(self.js("return document.images.length"), 0)
        self.point_at(1, 1)
        self.assertTrue(self.text(".readout .from").startswith(hostile))
        for key in "123w":
            self.press(key)
        self.find("[data-format=svg][data-way=save]").click()
        xml.etree.ElementTree.fromstring(self.saved("svg"))
        self.assertTrue(self.driver.title.startswith(hostile))

    def test_nothing_is_cut_at_any_width(self):
        for kind in ("page", "compare"):
            self.open(kind)
            for width in (360, 768, 1600):
                chrome.resize(self.driver, width, 800)
                for key in "123":
                    self.press(key)
                    time.sleep(0.05)
                    wide = self.js("return document.documentElement.scrollWidth")
                    self.assertLessEqual(wide, width, f"{kind}, view {key}")

    def test_a_page_that_is_cut_off_shows_what_it_has(self):
        self.open("page")
        with open(os.path.join(self.folder.name, "page.html"), "rb") as file:
            content = file.read()
        path = os.path.join(self.folder.name, "cut.html")
        record = content.index(b'class="record">')
        for end, count, readout in ((-500, 3, "The file ends before this map."),
                                    (record + 100, 0, "")):
            with open(path, "wb") as file:
                file.write(content[:end])
            self.driver.get("file://" + path)
            options = self.js("return document.getElementById('record').options.length")
            self.assertEqual(options, count)
            if count:
                self.press("]", "]", "m", "m", "Down", "Right")
                self.assertEqual(self.text(".readout"), readout)
            else:
                self.assertEqual(self.text(".absent"), "No records.")

    def test_controls_have_names(self):
        self.open("page")
        nameless = []
        for node in self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]:
            role = node.get("role", {}).get("value")
            if role in NAMED_ROLES:
                if not node.get("ignored") and not node.get("name", {}).get("value"):
                    nameless.append(node)
        self.assertEqual(nameless, [])
        slider = self.find("#layer")
        self.assertEqual(slider.get_attribute("aria-valuetext"), "layer 0")

    def test_the_program_s_page_says_what_its_numbers_say(self):
        path = os.path.join(self.folder.name, "program.html")
        text = ["attention", "-t", "The ferry leaves at six, unless it rains."]
        subprocess.run([CONVBERT, *text, "-o", path], check=True)
        found = json.loads(subprocess.run([CONVBERT, *text], check=True, capture_output=True).stdout)
        tokens = found["tokens"]
        self.pages["program"] = "file://" + path
        self.open("program")
        self.press("Down", "Right")  # layer 1, head 1
        for row, column in ((1, 2), (5, 0), (len(tokens) - 1, 3)):
            self.point_at(row, column)
            self.check_readout(tokens[row], tokens[column],
                               found["attention"][1][1][row][column])

    def test_large_maps_react_at_once(self):
        # Generous: how fast exactly is for tests/bench/viewer.py to say.
        self.open("4x4x512")
        took = self.js("""
            const start = performance.now();
            for (const key of ['ArrowDown', 'ArrowRight', 'l', '2', '1']) {
              document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
            }
            return (performance.now() - start) / 5;""")
        self.assertLess(took, 500)
        self.point_at(300, 200)
        self.check_readout("word300", "word200", known_weight(1, 1, 300, 200))


if __name__ == "__main__":
    chrome.skip_if_missing()
    MAKE_PAGE = sys.argv.pop(1)
    CONVBERT = sys.argv.pop(1)
    unittest.main()

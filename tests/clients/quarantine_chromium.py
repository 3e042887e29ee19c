"""Chromium follows the link of a letter about the quarantine: opening it does nothing, its button delivers, and it is good once.
Arguments: directory for the profile, the link."""
import json
import sys
from urllib.parse import urlsplit

from chromium import Chromium

path = urlsplit(sys.argv[2]).path
browser = Chromium(sys.argv[1])
try:
    browser.open(path)
    page = browser.run("document.body.innerText")
    labels = browser.run("[...document.querySelectorAll('form button')].map((button) => button.value)")
    scripts = browser.run("document.scripts.length")
    browser.open(path)
    assert browser.run("document.body.innerText") == page, "opening it changes nothing"
    browser.run("document.querySelector('button[value=release]').click()")
    browser.wait("!document.querySelector('form') && document.readyState === 'complete'", "the answer")
    answer = browser.run("document.body.innerText")
    browser.open(path)
    again = browser.run("document.body.innerText")
    print(json.dumps({"page": page, "labels": labels, "scripts": scripts, "answer": answer, "again": again}))
finally:
    browser.process.terminate()
    browser.process.wait(20)

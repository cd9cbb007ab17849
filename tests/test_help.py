"""The tutorial is complete: every picture it shows is there, and every picture there is shown."""

from __future__ import annotations

import re


def test_pages_and_pictures_belong_together(root):
    folder = root / "resources" / "help"
    page = (folder / "index.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'src="pictures/([^"]+)"', page))
    there = {path.name for path in (folder / "pictures").iterdir()}
    assert shown <= there
    assert all((folder / "pictures" / name).stat().st_size > 5000 for name in shown)


def test_every_link_of_the_page_leads_somewhere(root):
    page = (root / "resources" / "help" / "index.html").read_text(encoding="utf-8")
    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places
    assert not re.findall(r'(?:src|href)="https?:', page)  # it opens offline


def test_the_tour_takes_the_pictures_that_the_page_shows(root):
    folder = root / "resources" / "help"
    page, tour = ((folder / name).read_text(encoding="utf-8") for name in ("index.html", "tour.py"))
    shown = set(re.findall(r'src="pictures/([^".]+)\.jpg"', page))
    assert shown <= set(re.findall(r'shot\("([^"]+)"', tour))

"""What is not needed to begin is not imported to begin: each import is paid for at every start, of the crawl and of every child."""

from __future__ import annotations

import subprocess
import sys

from crawler.page_questions import answer

TABLES = ("pandas", "numpy", "pyarrow", "duckdb", "openpyxl")
READERS = ("pdfplumber", "pdfminer", "pypdfium2", "docx", "cv2", "onnxruntime", "rapidocr", "PIL")
OF_A_PUBLICATION = ("jsonschema", "crawler.dataset.publish", "crawler.dataset.assemble", "crawler.dataset.exporters")
OF_A_DOCUMENT = ("crawler.documents.reader", "crawler.documents.pdf", "crawler.documents.docx", "crawler.forms.reader")
OF_MANY_MACHINES = ("procrastinate", "psycopg", "crawler.work")
OF_A_CRAWL = ("scrapy", "twisted", "sqlalchemy")


def imported(code: str) -> set[str]:
    """The modules that a Python of its own has after ``code``."""
    code = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


def test_no_command_is_imported_with_what_only_one_of_them_needs() -> None:
    code = "from scrapy.utils.misc import walk_modules_iter\nlist(walk_modules_iter('crawler.commands'))"
    modules = imported(code)
    assert {"crawler.commands.crawl", "crawler.commands.publish", "crawler.commands.extract"} <= modules
    assert (
        sorted(modules & {*TABLES, *READERS, *OF_A_PUBLICATION, *OF_A_DOCUMENT, *OF_MANY_MACHINES, "crawler.sample.server"})
        == []
    )


def test_a_crawl_begins_without_what_reads_documents_and_publishes() -> None:
    code = (
        "from scrapy.utils.misc import load_object\n"
        "from scrapy.utils.project import get_project_settings\n"
        "settings = get_project_settings()\n"
        "for name in ('ITEM_PIPELINES', 'DOWNLOADER_MIDDLEWARES', 'EXTENSIONS'):\n"
        "    for path in settings.get_component_priority_dict_with_base(name):\n"
        "        load_object(path)\n"
        "import spiders.henan_reports"
    )
    modules = imported(code)
    assert {"pipelines.dataset", "pipelines.extraction", "crawler.spider", "spidermon"} <= modules
    unwanted = {*TABLES, *READERS, *OF_A_PUBLICATION, *OF_A_DOCUMENT, *OF_MANY_MACHINES, "aiohttp"} - {
        "jsonschema"
    }  # which Spidermon brings
    assert sorted(modules & unwanted) == []


def test_a_page_child_starts_without_readers_of_documents_and_without_scrapy() -> None:
    modules = imported(f"import crawler.reading_child, {answer.__module__}")
    unwanted = {*TABLES, *READERS, *OF_A_PUBLICATION, *OF_A_DOCUMENT, *OF_A_CRAWL, "crawler.documents.office"}
    assert sorted(modules & unwanted) == []

"""Every knob of the project on one page, each with its reason.

Override with ``-s NAME=VALUE`` or an environment variable where one is named.
"""

from __future__ import annotations

import os

from scrapy.settings import default_settings

BOT_NAME = "ogi-annual-reports"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
COMMANDS_MODULE = "crawler.commands"

# --- What is kept, and where -----------------------------------------------------------------------------------------
# <OUTPUT_DIR>/<spider>/{current,versions,attachments,ledger.sqlite}. The sample portals write to <OUTPUT_DIR>/sample unless
# OUTPUT_DIR is given on the command line, so that sample reports never mix with real ones.
OUTPUT_DIR = os.environ.get("OUTPUT_DIR", "output")
# One SQL ledger; empty: SQLite beside the dataset. Credentials belong in the environment, never in this file.
DATABASE_URL = os.environ.get("DATABASE_URL", "")
# The documents as they came; empty: <OUTPUT_DIR>/<spider>/attachments. A folder, or s3://bucket/prefix on any S3-compatible
# server; its address and keys are read from the environment alone: AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, ...: docs/storage.md
FILES_STORE = os.environ.get("FILES_STORE", "")
FILES_STORE_PATIENCE = 120  # seconds for which a server that does not answer is asked again before documents end as failed

# --- Who we are and how gently we ask --------------------------------------------------------------------------------
# An address at which a portal's webmaster reaches whoever runs this crawl.
CONTACT = os.environ.get("CRAWL_CONTACT", "set CRAWL_CONTACT to your address")
USER_AGENT = f"ogi-annual-reports/0.1 (reads public annual reports at night; contact: {CONTACT})"
ROBOTSTXT_OBEY = True  # through crawler.middlewares.robots
# One request at a time per host: county portals run on small machines.
CONCURRENT_REQUESTS_PER_DOMAIN = 1
# Across hosts. A host that keeps silent occupies two places (its page and its robots.txt) until HOME_TIMEOUT, and must not
# make the others wait.
CONCURRENT_REQUESTS = 400
# Bytes of answers whose callbacks are not at their end, above which Scrapy starts nothing new: a list is at work until the
# known pages behind it have been asked about.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 64 * 1024 * 1024
# Pages of one list that are in the pipelines at a time, their documents fetched and read: then its next rows wait. Scrapy
# starts as many tasks for each answer that has a callback; rows are followed within that of their list.
CONCURRENT_ITEMS = 8
# Seconds between two requests to one host; a portal's own `delay` replaces it.
DOWNLOAD_DELAY = 1.0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 30.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0
# "22:00-06:30", China's time: a run does not start outside these hours and ends when they do; the next one begins with the
# portals that waited longest. Empty: at any hour.
CRAWL_WINDOW = os.environ.get("CRAWL_WINDOW", "")
# Seconds that a host may ask for by Retry-After and be waited for; one that asks for more is left alone for the run.
RETRY_AFTER_MAX = 300
# Cookies are how challenge walls track; no column needs them.
COOKIES_ENABLED = False

# --- What may be asked for -------------------------------------------------------------------------------------------
# Loopback and private addresses are refused, also behind a redirect or a DNS name, unless this is True.
ALLOW_PRIVATE_ADDRESSES = False
TWISTED_DNS_RESOLVER = "crawler.resolver.GuardedResolver"
REDIRECT_MAX_TIMES = 8
# A report with photographs reaches 40 MB; nothing legitimate is larger.
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
# Home pages, columns and articles.
PAGE_MAX_BYTES = 8 * 1024 * 1024

# The sample portals of `-a portals=sample` listen on this port of 127.64.0.x; 0 lets the system choose.
SAMPLE_PORT = int(os.environ.get("SAMPLE_PORT", "18642"))

# --- How long we wait ------------------------------------------------------------------------------------------------
# 175 portals on a machine without a network must all be told unreachable within five minutes: all at once (see
# CONCURRENT_REQUESTS), (1 + HOME_RETRY_TIMES) x HOME_TIMEOUT.
DOWNLOAD_TIMEOUT = 90
HOME_TIMEOUT = 30
HOME_RETRY_TIMES = 1
DNS_TIMEOUT = 15
# A name look-up occupies a thread until the system's own resolver gives up, whatever DNS_TIMEOUT says.
REACTOR_THREADPOOL_MAXSIZE = 64
RETRY_TIMES = 2
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the outcome line says it in the words of a portal, a page or a document

# --- How far discovery looks -----------------------------------------------------------------------------------------
# Pages per portal between the home page and its report columns.
DISCOVERY_MAX_PAGES = 16
# List pages of one column: 24 rows a page and 35 bodies make about 300 reports in seven years.
COLUMN_MAX_PAGES = 200
COLUMN_MAX_DEPTH = 3

# --- Night after night -------------------------------------------------------------------------------------------------
# Lists are read every night; pages and documents are asked about where the server gave an ETag or Last-Modified. The rest is
# fetched anew once in so many days, each on a day of its own; 0 fetches everything every night.
REVISIT_DAYS = 14
# Known columns are swept without a search; the search is made again once in so many days, and in any night in which a known
# column cannot be read.
DISCOVERY_DAYS = 7

# --- Reading pages -----------------------------------------------------------------------------------------------------
# Child processes for home pages, lists and articles; each is killed when it exceeds one of the limits.
PAGE_READERS = max(2, (os.cpu_count() or 2))  # two at least, so that a page that takes its time does not hold up the others
PAGE_TIMEOUT = 20  # seconds of wall clock a page; a list of 10,000 rows takes one
PAGE_MEMORY_MB = 1024  # address space; a page of 8 MB needs 400
PAGE_MAX_READ = 5000  # pages before a child is replaced, against leaks in C code

# --- Reading documents -----------------------------------------------------------------------------------------------
# Child processes; each is killed when it exceeds one of the limits, and the document gets the outcome.
EXTRACTION_WORKERS = max(1, (os.cpu_count() or 2))
EXTRACTION_TIMEOUT = 120  # seconds of wall clock a document; a scan of 20 pages takes 20 on two idle cores, 60 on busy ones
EXTRACTION_MEMORY_MB = 1536  # address space; a scan at 300 dpi needs 1200, of which 300 are resident
EXTRACTION_MAX_TASKS = 200  # documents before a child is replaced, against leaks in C code

# --- Office formats --------------------------------------------------------------------------------------------------
# .doc, .wps, RTF and OpenDocument text are read as the DOCX that one LibreOffice makes of them. It is kept warm where a Python
# has LibreOffice's uno module (package python3-uno), and starts once a batch where none has. It starts with the first document.
OFFICE_PROGRAM = os.environ.get("OFFICE_PROGRAM", "")  # empty: soffice or libreoffice on the PATH
OFFICE_PYTHON = os.environ.get("OFFICE_PYTHON", "")  # the Python with uno; empty: LibreOffice's own or the system's
OFFICE_TIMEOUT = 60  # seconds of wall clock a document; then LibreOffice is killed, and the document tried once more
OFFICE_MEMORY_MB = 2048  # address space; a report needs 1000, of which 200 are resident
OFFICE_MAX_DOCUMENTS = 200  # documents before LibreOffice is replaced: it grows by about 1 MB a document
OFFICE_BATCH = 16  # documents of one call where it is not kept warm

# --- Health --------------------------------------------------------------------------------------------------------------
# Days without a success after which a portal counts as lost; see `scrapy portals --stale` and health.json.
STALE_DAYS = 7
# Spidermon monitors at the end of a run; what fails is logged, and sent by mail and webhook where these are set.
SPIDERMON_ENABLED = True
SPIDERMON_SPIDER_CLOSE_MONITORS = ("crawler.monitors.suite.NightMonitors",)
SPIDERMON_ADD_FIELD_COVERAGE = False  # counts over items say little here; fill rates are those of the dataset
MONITOR_LEAST = 20  # portals, pages or reports below which a share says nothing
MONITOR_UNFILLED = 0.1  # of reports without organisation or year, of cells that could not be read
MONITOR_FAILED = 0.3  # of portals; a foreign machine reaches some 70 % of them
MONITOR_BLOCKED = 0.2
MONITOR_STALE = 0.5
MONITOR_UNREADABLE = 0.1
MONITOR_REQUESTS_PER_PAGE = 12  # robots.txt, lists, the page and its documents
MONITOR_WEBHOOK = os.environ.get("MONITOR_WEBHOOK", "")
MONITOR_MAIL_TO = os.environ.get("MONITOR_MAIL_TO", "")
MONITOR_MAIL_FROM = os.environ.get("MONITOR_MAIL_FROM", "")
MONITOR_SMTP_HOST = os.environ.get("MONITOR_SMTP_HOST", "")  # host or host:port
MONITOR_SMTP_USER = os.environ.get("MONITOR_SMTP_USER", "")
MONITOR_SMTP_PASSWORD = os.environ.get("MONITOR_SMTP_PASSWORD", "")

# --- Publishing ------------------------------------------------------------------------------------------------------
# What must hold before a version becomes current, as shares of 1; see docs/publishing.md. `scrapy publish --force --reason`
# overrides them once, with a record.
# Of the last good version's reports, and of its numbers, below which a new version is not published.
PUBLISH_COUNT_FLOOR = 0.9
# Of the last good version's organisations, how many may be missing though the ledger knows no reason. 0 in small datasets:
# a copy on another portal moves one organisation in thousands now and then, a resolver that slips moves many.
PUBLISH_LOST_ORGANISATIONS = 0.005
PUBLISH_WITHOUT_ORGANISATION = 0.2  # of reports
PUBLISH_WITHOUT_YEAR = 0.1  # of reports
PUBLISH_UNREAD_CELLS = 0.1  # of cells: absent or unparsed
PUBLISH_IDENTITY_PASS_RATE = 0.9  # floor, of the identities that can be assessed; real reports fail about none
# Which versions stay after one has become current: the newest so many, and those as young as so many days. The current one and
# the base of its delta always stay.
PUBLISH_KEEP_VERSIONS = 5
PUBLISH_KEEP_DAYS = 14
# Versions that failed their assertions, to see when a fault began.
PUBLISH_KEEP_FAILED = 5

# --- Many machines: `scrapy worker`; see docs/workers.md ------------------------------------------------------------------
# Portals that one worker crawls at a time. Each is a process of about 150 MB with two connections to PostgreSQL, which mostly
# waits for its portal. Documents: EXTRACTION_WORKERS.
WORKER_CRAWLS = 8
WORKER_PAGE_READERS = 1  # child processes for pages, of each portal's run: one host gives one page at a time
# Seconds between two signs of life of a worker, and without one until its tasks are given to others: three may be lost.
WORKER_HEARTBEAT = 10
WORKER_LOST = 35
WORKER_POLL = 5  # seconds between two looks for tasks that are due; new ones are told at once
WORKER_GRACE = 60  # seconds for tasks at work after SIGTERM; then they are given back
WORKER_RETRIES = 8  # times that a task is tried again, after 5, 10, 20, ... 600 seconds: three quarters of an hour in all
WORKER_KEEP_HOURS = 72  # after which tasks that are done are forgotten; failed ones are kept ten times as long
# "15 1 * * *" (minute, hour, day, month, weekday; China's time) begins a night of each of NIGHT_SPIDERS ("henan_reports,..."),
# by whichever worker is up. Empty: nights begin by `scrapy enqueue`, e.g. from cron.
NIGHT_CRON = os.environ.get("NIGHT_CRON", "")
NIGHT_SPIDERS = os.environ.get("NIGHT_SPIDERS", "")

# --- Stations --------------------------------------------------------------------------------------------------------
ITEM_PIPELINES = {
    "pipelines.attachments.AttachmentsPipeline": 100,
    "pipelines.extraction.ExtractionPipeline": 200,
    "pipelines.checks.ChecksPipeline": 300,
    "pipelines.dataset.DatasetPipeline": 400,
}
DOWNLOADER_MIDDLEWARES = {
    # Our allow-list replaces Scrapy's: it knows ports, address literals and the portal each request belongs to.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    # A refresh or script shell is followed by discovery, within the allow-list.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.middlewares.address_guard.AddressGuardMiddleware": 40,
    # Stock RobotsTxtMiddleware goes on where robots.txt cannot be had; RFC 9309 says not to.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    # Above 550, so that a pause is known before the request is sent again.
    "crawler.middlewares.retry_after.RetryAfterMiddleware": 555,
    # Below 590, so that bodies are seen decompressed; above 550, so that a challenge is never retried.
    "crawler.middlewares.challenge.ChallengeMiddleware": 570,
    "crawler.middlewares.completeness.CompletenessMiddleware": 560,
}
SPIDER_MIDDLEWARES = {
    # How deep a column goes and how long an address may be is judged where they are read; Scrapy's own would drop silently.
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
}

# Ways into a running crawl, for which there is no use. Switched off, Scrapy would still import them, and aiohttp with them.
_no_use = ("scrapy.extensions.telnet.TelnetConsole", "scrapy.extensions.remote_control.RemoteControl")
EXTENSIONS_BASE = {name: order for name, order in default_settings.EXTENSIONS_BASE.items() if name not in _no_use}
EXTENSIONS = {
    "crawler.garbage.GarbageExtension": 490,
    "crawler.progress.ProgressExtension": 500,
    "crawler.metrics.MetricsExtension": 505,
    "crawler.window.WindowExtension": 510,
    "spidermon.contrib.scrapy.extensions.Spidermon": 900,
}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- The browser: only for lists that are empty and scripted -----------------------------------------------------------
# A portal that needed it once is read with it at once, and tried without it again once a month.
BROWSER_ENABLED = True
BROWSER_PROGRAM = os.environ.get("BROWSER_PROGRAM", "")  # empty: the system's chromium or google-chrome
BROWSER_WAIT = 8  # seconds that a page's script may take to write its list
BROWSER_TIMEOUT = 120  # seconds for a list with all its pages
BROWSER_MAX_PAGES = 50  # pages of one list that are turned by its button
BROWSER_RETEST_DAYS = 30
DOWNLOAD_HANDLERS = {
    "http": "crawler.browser.handler.BrowserHandler",
    "https": "crawler.browser.handler.BrowserHandler",
}
PLAYWRIGHT_MAX_PAGES_PER_CONTEXT = 2
PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT = 30_000  # milliseconds
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# --- Logs ------------------------------------------------------------------------------------------------------------
LOG_LEVEL = "INFO"
# True: every line on stderr is one JSON object with time (UTC), level, logger, message and, where known, spider, run and
# exception; needs python-json-logger. See docs/operations.md.
LOG_JSON = os.environ.get("LOG_JSON", "False")
LOG_FORMATTER = "crawler.logs.PageLines"  # what Scrapy says of each page is put together only for LOG_LEVEL = "DEBUG"
LOGSTATS_INTERVAL = 0  # crawler.progress says it in portals, pages and documents
STATS_DUMP = False
# A file for Prometheus, through node_exporter's textfile collector, which reads names that end in .prom; {spider} stands for
# the spider's name, so that each has its own. Empty: none. See docs/operations.md.
METRICS_FILE = os.environ.get("METRICS_FILE", "")
FEED_EXPORT_ENCODING = "utf-8"

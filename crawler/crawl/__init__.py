"""The crawl itself, in the order in which a report is found: search, lists, pages, ending. `crawler.spider` wires them."""

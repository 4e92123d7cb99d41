"""The project's Scrapy commands, one module each; ``scrapy -h`` lists them.

Whichever is given, Scrapy imports all of them: what only one needs is imported when it runs.
"""

"""The project's Scrapy commands, one module each; ``scrapy -h`` lists them."""

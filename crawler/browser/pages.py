"""The pages of a list as the browser shows them: waited for, and turned by the list's own button where no link does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import TimeoutError as PlaywrightTimeoutError

if TYPE_CHECKING:
    from playwright.async_api import Page

SETTLE_SECONDS = 0.25
"""Between two looks; a page that is the same three times in a row is done."""

_SAME = 3

# Real links are the family's to follow: only what a script alone can turn is clicked.
CLICK_NEXT = """() => {
  const words = /^(下一?页|后一?页|next\\s*(page)?|[>›»]|&gt;)$/i;
  const off = (e) => e.disabled || e.getAttribute('aria-disabled') === 'true'
    || /disabled|\\bdis\\b|no-?more/i.test(e.className);
  for (const e of document.querySelectorAll('a, button, span, li, div')) {
    if (e.children.length > 1 || !words.test((e.innerText || '').trim())) continue;
    const link = e.closest('a');
    const href = link ? (link.getAttribute('href') || '') : '';
    if (href && !/^(#|javascript:)/i.test(href)) continue;
    if (!e.offsetParent || off(e) || (e.parentElement && off(e.parentElement))) continue;
    e.click();
    return true;
  }
  return false;
}"""
TEXT = "() => document.body ? document.body.innerText : ''"


async def read_pages(page: Page, most: int, seconds: float) -> list[str]:
    """The markup of each page of the list, at most ``most`` of them, each waited for at most ``seconds``."""
    await _settle(page, seconds)
    pages = [await page.content()]
    while len(pages) < most:
        before = await page.evaluate(TEXT)
        if not await page.evaluate(CLICK_NEXT):
            break
        try:
            await page.wait_for_function(f"(before) => ({TEXT})() !== before", arg=before, timeout=seconds * 1000)
        except PlaywrightTimeoutError:
            break
        await _settle(page, seconds)
        pages.append(await page.content())
    return pages


async def _settle(page: Page, seconds: float) -> None:
    same, last = 0, -1
    for _ in range(max(_SAME, int(seconds / SETTLE_SECONDS))):
        length = len(await page.content())
        same = same + 1 if length == last else 1
        last = length
        if same >= _SAME:
            return
        await asyncio.sleep(SETTLE_SECONDS)

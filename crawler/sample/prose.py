"""Sentences for invented reports, varied by a small grammar; the figures in them are those of the tables."""

from __future__ import annotations

import random
from collections.abc import Mapping

from crawler.sample.figures import Size

_WE = {"prefecture": "全市", "county": "全县", "bureau": "本单位", "town": "本辖区"}

_OPENINGS = (
    "{year}年，{org}认真执行《中华人民共和国政府信息公开条例》，把公开的要求落到决策、执行、管理、服务和结果各个环节，较好完成了年度任务。现将有关情况报告如下。",
    "过去一年，{org}坚持以公开促规范、以公开促服务，围绕群众办事最关心的事项推进政府信息公开，各项工作平稳有序。{year}年具体情况如下。",
    "{year}年以来，{org}对照年度政务公开工作要点，逐项明确责任、逐月核对进度，政府信息公开的时效和质量都有提高。主要做法如下。",
    "按照条例规定，{org}对{year}年政府信息公开工作进行了梳理。总的看，制度执行到位，渠道运行正常，群众获取信息更加方便。",
)
_DISCLOSURE = (
    "全年通过政府网站发布信息{web}条，通过政务新媒体发布信息{media}条，内容以机构职能、财政资金、民生保障和乡村建设为主。",
    "{we}坚持应公开尽公开，网站全年更新信息{web}条，政务新媒体推送{media}条，涉及惠民补贴、义务教育、医疗卫生等方面。",
    "围绕重点工作及时发布权威信息，{year}年网站发布{web}条，微信公众号发布{media}条，做到内容准确、更新及时。",
)
_MANAGEMENT = (
    "落实先审查后公开的程序，公文起草时同步明确公开属性，拟不公开的说明理由；对已公开的文件定期清理，及时标注失效和废止。",
    "完善信息发布台账，做到拟稿、审核、发布各有专人、各留记录；年内对历史信息开展了一次集中核对。",
    "严格执行发布审核制度，涉及个人信息的先作处理再予发布，全年没有发生泄密和侵害隐私的情况。",
)
_PLATFORM = (
    "对网站的政府信息公开专栏作了调整，公开指南、公开制度、法定主动公开内容和年度报告集中展示，方便查找。",
    "在办事大厅设置公开查阅点，配备电脑和资料架，由窗口人员引导群众查询；线上栏目保持每周检查。",
    "做好网站栏目的日常维护，对空白栏目、错链和更新慢的栏目及时整改，移动端浏览更加顺畅。",
)
_SUPERVISION = (
    "把政府信息公开列入年度考核，办公室每季度通报一次；组织业务培训两次。年内没有因公开工作追究责任的情形。",
    "由分管负责同志牵头，定期听取汇报、研究问题；聘请社会监督员对公开情况进行评议，评议结果总体较好，未发生责任追究。",
    "畅通监督电话和网上留言渠道，对群众意见逐条答复；结合自查整改了信息更新不及时的问题。",
)
_PROBLEMS = (
    "存在的主要问题：一是个别单位对公开工作重视不够，信息报送不够主动；二是政策解读的形式偏少，图表和问答类解读不多。",
    "{year}年的工作虽有进步，仍有不足：一是工作人员调整较多，业务还不够熟练；二是栏目之间内容有重复，群众查找不够便捷。",
    "主要问题是公开内容与群众需求之间仍有差距，基层信息的更新频率不高，公开渠道的宣传还不够广。",
)
_IMPROVEMENTS = (
    "下一步将加强培训和指导，完善考核办法，推动各单位按时、准确、规范发布信息，并增加通俗易懂的解读。",
    "针对上述问题，将从三个方面改进：健全工作机制，压实各环节责任；优化栏目设置，减少重复；加强队伍建设，保持人员稳定。",
    "下一年度，将围绕群众关切扩大公开范围，用好村务公开栏和政务新媒体，让群众看得到、看得懂、用得上。",
)
_NOTHING_MORE = ("无其他需要报告的事项。", "无。", "本年度没有其他需要报告的事项。")
_FEE = (
    "{year}年未收取政府信息公开信息处理费。",
    "本年度没有产生信息处理费。无其他需要报告的事项。",
    "根据信息处理费管理的有关规定，{year}年{org}未收取信息处理费。",
)


def _requests_sentence(received: int | None, draw: random.Random) -> str:
    if received is None:
        return "做好申请的登记、办理和答复，全部申请均在法定期限内办结。"
    if received == 0:
        return draw.choice(("全年未收到政府信息公开申请。", "本年度没有收到政府信息公开申请，申请渠道保持畅通。"))
    return draw.choice(
        (
            f"全年新收到政府信息公开申请{received}件，均按规定程序登记、办理和答复。",
            f"严格规范办理流程，本年度新收政府信息公开申请{received}件，没有超期答复的情况。",
        )
    )


def _disputes_sentence(printed: Mapping[str, str]) -> str:
    keys = ("review.total", "litigation_direct.total", "litigation_after_review.total")
    counts = [printed.get(f"review_litigation.{key}", "") for key in keys]
    if not all(text.isdigit() for text in counts):
        return ""
    review, litigation = int(counts[0]), int(counts[1]) + int(counts[2])
    if not review and not litigation:
        return "全年未发生因政府信息公开引起的行政复议和行政诉讼。"
    return f"因政府信息公开被申请行政复议{review}件，被提起行政诉讼{litigation}件。"


def sections(
    organisation: str,
    year: int,
    form_version: str,
    size: Size,
    printed: Mapping[str, str],
    seed: int,
    stated: int | None = None,
) -> dict[int, tuple[str, ...]]:
    """Paragraphs of the six sections.

    Args:
        organisation: full name.
        year: reporting year.
        form_version: decides the parts of the first section.
        size: sets the wording and how much is published.
        printed: the figures of the tables, as printed.
        seed: chooses the wording.
        stated: number of requests said in the text, where it is to differ from the table.
    """
    draw = random.Random(seed)  # noqa: S311 - wording of samples
    text = printed.get("requests.received_new.total", "").replace(",", "")
    received = stated if stated is not None else (int(text) if text.isdigit() else None)
    scale = {"prefecture": 4000, "county": 1500, "bureau": 200, "town": 60}[size]
    words = {
        "org": organisation,
        "we": _WE[size],
        "year": year,
        "web": draw.randint(scale, scale * 2),
        "media": draw.randint(scale // 4, scale),
    }

    def pick(choices: tuple[str, ...]) -> str:
        return draw.choice(choices).format(**words)

    parts = [
        ("主动公开", pick(_DISCLOSURE)),
        ("依申请公开", _requests_sentence(received, draw) + _disputes_sentence(printed)),
        ("政府信息管理", pick(_MANAGEMENT)),
        ("政府信息公开平台建设", pick(_PLATFORM)),
        ("监督保障", pick(_SUPERVISION)),
    ]
    if form_version == "cn-ogi-2019":
        first: tuple[str, ...] = (pick(_OPENINGS), parts[0][1] + parts[1][1], parts[2][1] + parts[3][1], parts[4][1])
        last = draw.choice(_NOTHING_MORE)
    else:
        first = (
            pick(_OPENINGS),
            *(f"（{numeral}）{name}。{body}" for numeral, (name, body) in zip("一二三四五", parts, strict=True)),
        )
        last = pick(_FEE)
    return {1: first, 5: (pick(_PROBLEMS), pick(_IMPROVEMENTS)), 6: (last,)}


def prose_only(organisation: str, year: int) -> tuple[str, ...]:
    """A report of the years before the statutory form: text without any table."""
    return (
        f"根据《中华人民共和国政府信息公开条例》的规定，现公布{organisation}{year}年政府信息公开工作年度报告。",
        "一、概述",
        f"{year}年，{organisation}把政府信息公开作为转变作风、方便群众的重要工作，健全机构，明确专人，工作取得一定成效。",
        "二、主动公开情况",
        "全年主动公开政府信息1386条，其中政务动态742条，公告公示395条，政策文件249条。",
        "三、依申请公开情况",
        "全年受理政府信息公开申请9件，均已答复。",
        "四、存在问题和改进措施",
        "主要问题是信息更新不够均衡。今后将加强督促检查，提高信息质量。",
    )


LOOK_ALIKES: Mapping[str, tuple[str, ...]] = {
    "picture": ("本图解根据年度报告制作，用图片展示全年公开工作的主要数据，报告全文请到年度报告栏目查看。",),
    "interpretation": ("为方便公众了解年度报告，现就报告的编制背景、主要内容和数据口径作如下说明。",),
    "notice": (
        "各乡镇人民政府、各有关部门：",
        "为做好年度报告编制和发布工作，请各单位于1月20日前完成本单位年度报告，经审核后在网站统一发布，数据必须与台账一致。",
    ),
    "budget": (
        "第一部分　部门概况",
        "第二部分　部门预算情况说明",
        "本年收入预算总额与支出预算总额相等，主要用于人员支出和公用支出。",
    ),
    "performance": ("为评价财政支出效果，我单位组织开展了整体支出绩效自评，综合得分为优良等次。现将评价情况报告如下。",),
    "rule_of_law": ("本年度，我单位深入学习贯彻法治思想，严格规范公正文明执法，依法决策水平进一步提升。现报告如下。",),
    "misleading": (
        "按照工作安排，政府信息公开工作年度报告将于3月底前在本栏目发布，敬请关注。",
        "在此之前，如需了解有关情况，可拨打办公室电话咨询。",
    ),
}
"""Texts of pages that stand in the same columns and are no reports."""

"use strict";
// Everything shown comes from the two JSON elements and is put into the page as text: no markup is ever made of it.
const facts = JSON.parse(document.getElementById("facts").textContent);
const PAGE = 60;

const WORDS = {
  skip: ["跳到正文", "Skip to the content"], title: ["政府信息公开年度报告数据集", "Annual reports on open government information"],
  language: ["语言", "Language"], contents: ["目录", "Contents"], made: ["生成于", "made"], version: ["版本", "version"], before: ["上一版本", "previous version"],
  overview: ["总览", "Overview"], coverage: ["覆盖：地区与年度", "Coverage by region and year"], failed: ["未通过的核对与存疑单元格", "Failed checks and doubtful cells"],
  figures: ["各项数字的分布与离群值", "How each figure is spread, and its outliers"], sources: ["来源的新鲜度", "Freshness of the sources"],
  outcomes: ["文件的结局", "What became of the documents"], changes: ["与上一版本相比", "Changes since the last version"],
  assertions: ["发布前的断言", "Assertions before publication"], assertion: ["断言", "Assertion"], result: ["结果", "Result"], limit: ["限值", "Limit"], found: ["实际", "Found"], counted: ["计数说明", "What was counted"],
  assertions_help: ["新版本写好后、成为当前版本前，必须逐条成立；有一条不成立即不发布，除非有人署名说明理由强制发布。“未判断”指没有上一版本可比，或报告太少。", "What must hold of a version that is written before it becomes current. One that does not hold stops it, unless somebody forces it and says why. “Not judged”: there is no earlier version to compare with, or too few reports."],
  forced: ["强制发布", "Published by force"], forced_said: ["本版有断言未成立，由 {0} 于 {1} 强制发布。理由：{2}。未成立的断言：{3}。", "Assertions did not hold; {0} forced this version at {1}. Reason: {2}. What did not hold: {3}."],
  held: ["成立", "held"], not_held: ["未成立", "did not hold"], overridden: ["未成立，强制发布", "did not hold; forced"], assertion_card: ["成立的断言", "Assertions that held"], assertion_card_said: ["{0} 条未成立，{1} 条未判断", "{0} did not hold, {1} not judged"], at_least: ["不少于 {0}", "at least {0}"], at_most: ["不多于 {0}", "at most {0}"],
  a_reports_exist: ["有报告", "there are reports"], a_schema: ["不合记录格式之处", "errors of records against the schema"], a_count_floor: ["报告数，与上一版相比", "reports, against the last good version"], a_numbers_floor: ["数字个数，与上一版相比", "numbers, against the last good version"], a_organisations_lost: ["无故消失的机关", "organisations lost without a reason"],
  a_without_organisation: ["机关不明的报告", "reports without an organisation"], a_without_year: ["年度不明的报告", "reports without a year"], a_unread_cells: ["没有读出的单元格", "cells absent or not understood"], a_identity_pass_rate: ["勾稽关系成立的比例", "identities that hold"],
  coverage_help: ["每格为有报告的机关数与已知机关数（任一年度出现过的机关）。方向键移动，回车查看机关；在地区名上按左右键收起或展开。颜色越深，覆盖越全。", "Each cell: organisations with a report, of those known from any year. Arrow keys move, Enter lists the organisations; on a region's name Left and Right fold and unfold. The darker, the more complete."],
  failed_help: ["原文从不更正。每一项都把原件版面与读出的数值并列，请自行判断是读错还是原文如此。", "The source is never corrected. Each entry shows the source beside the values read, so that you can tell a misreading from an error of the source."],
  figures_help: ["柱形为大于零的数字（对数刻度）。离群值指与同级机关相比超出四分位距三倍（按对数）的数字，不一定有错。", "Bars are numbers above zero on a logarithmic scale. Outliers lie more than three interquartile ranges (of logarithms) away from bodies of the same level; they need not be wrong."],
  sources_help: ["发布时各门户的状态。", "How each portal was when this version was made."],
  outcomes_help: ["每一份文件都有一个结局，没有一份无声消失。", "Every document ends in exactly one outcome; none disappears."],
  problems: ["没有读出报告的文件", "Documents that gave no report"], rules: ["核对项一览", "All rules"], rules_show: ["显示每条规则的通过与未通过次数", "Show how often each rule held"],
  kind: ["类别", "Kind"], severity: ["程度", "Severity"], shown_as: ["呈现方式", "Shown as"], text: ["筛选文字", "Filter by text"], table: ["表", "Table"], show: ["显示", "Show"], outcome: ["结局", "Outcome"], operation: ["操作", "Change"],
  only_outliers: ["只看有离群值的", "only with outliers"], all: ["全部", "all"], region: ["地区", "Region"], year: ["年度", "Year"], unknown: ["未知", "unknown"], organisation: ["机关", "Organisation"],
  filter_failed: ["筛选核对结果", "Filter the checks"], filter_figures: ["筛选数字", "Filter the figures"], filter_sources: ["筛选来源", "Filter the sources"], filter_problems: ["筛选文件", "Filter the documents"], filter_changes: ["筛选变化", "Filter the changes"],
  drill: ["所选地区的机关", "Organisations of the chosen region"], close: ["关闭", "Close"], more: ["再显示 {0} 项", "Show {0} more"], total: ["合计", "Total"],
  reports: ["报告", "Reports"], organisations: ["机关", "Organisations"], cells: ["单元格", "Cells"], read: ["已读出（数字、零、空白或“/”）", "read: numbers, zeros, blanks and marks"],
  failed_card: ["未通过的核对", "Failed checks"], doubt_card: ["另有 {0} 处读数存疑", "and {0} tables with doubtful readings"], sources_card: ["需查看的来源", "Sources to look at"], of_portals: ["共 {0} 个门户", "of {0} portals"],
  problem_card: ["未成报告的文件", "Documents without a report"], change_card: ["本版变化", "Changes in this version"], change_said: ["新增 {0}、变动 {1}、减少 {2}", "{0} new, {1} changed, {2} gone"],
  first_version: ["这是第一个版本：所有报告均为新增。", "This is the first version: every report is new."], since: ["与 {0} 相比。", "Compared with {0}."], years_said: ["{0} 至 {1} 年度", "reporting years {0} to {1}"],
  none_found: ["没有符合条件的项目。", "Nothing fits the filter."], shown: ["符合条件 {0} 项，显示 {1} 项", "{0} fit the filter, {1} shown"], in_all: ["共 {0} 项", "{0} in all"], beyond: ["此外还有 {0} 项未列入本页，见 {1}。", "{0} more are not in this page; see {1}."],
  picture: ["原件截图", "picture"], drawing: ["按单元格重绘", "drawing"], words_only: ["仅文字", "words only"], page: ["第 {0} 页", "page {0}"],
  source_shot: ["原件第 {0} 页截图；红框为相关单元格", "Cut from page {0} of the original; the cells concerned are framed in red"],
  shot_alt: ["{0} {1} 年报告第 {2} 页的表格", "Table on page {2} of the report of {0} for {1}"],
  no_shot: ["第 {0} 页没有截图：{1}", "No picture of page {0}: {1}"], limit_reached: ["本页截图已达上限", "the limit of pictures in this page was reached"],
  drawn: ["重绘（不是原件图像）：原件没有可截取的版面，以下按读出的原文排成表格，相关单元格加红框", "A drawing, not an image of the source: the raw texts that were read, set in a table; the cells concerned are framed in red"],
  values_read: ["读出的数值", "Values read"], figure: ["指标", "Figure"], printed: ["原文", "As printed"], value: ["数值", "Value"], state: ["状态", "State"], open_page: ["打开来源网页", "Open the source page"], open_file: ["来源网页", "Source page"],
  rule: ["规则", "Rule"], fail: ["未通过", "failed"], pass: ["通过", "held"], not_assessable: ["无法判断", "not assessable"], note: ["说明", "Note"],
  pictures_note: ["本页截图上限 {0} 张，已放入 {1} 张，另有 {2} 处没有截图。", "{1} pictures are in this page; {2} more places have none (limits on number, bytes and time)."],
  numbers: ["数字", "Numbers"], zeros: ["零", "Zeros"], nulls: ["空", "Null"], spread: ["最小 / 四分位 / 最大", "least / quartiles / greatest"], distribution: ["分布（1 至 10⁷，对数）", "Distribution (1 to 10⁷, logarithmic)"], outliers: ["离群值", "Outliers"], unit: ["单位", "Unit"],
  bars_alt: ["{0} 个大于零的数字，从 {1} 到 {2}", "{0} numbers above zero, from {1} to {2}"], more_outliers: ["另有 {0} 个", "{0} more"],
  portal: ["门户", "Portal"], last_success: ["上次读到", "Last read"], last_new: ["上次有新文件", "Last new document"], last_outcome: ["上次结果", "Last outcome"], documents: ["文件数", "Documents"], why: ["为何需查看", "Why it needs a look"], never: ["从未", "never"],
  needs_look: ["需查看", "needing a look"], well: ["正常", "well"], not_judged: ["未判断", "not judged"], media: ["文件类型", "Kind of file"], page_images: ["页面图片", "page images"], not_stored: ["未下载", "not stored"], title_col: ["标题", "Title"], message: ["发生了什么", "What happened"],
  ADD: ["新增", "new"], MOD: ["变动", "changed"], DEL: ["减少", "gone"], what_changed: ["变动内容（旧 → 新）", "What changed (old → new)"], more_keys: ["另有 {0} 处", "{0} more"],
  published: ["发布日期", "Published"], identifier: ["编号", "Identifier"], flags: ["质量标记", "Quality flags"], version_no: ["版次", "Version"], failed_here: ["未通过的核对与存疑处", "Failed checks and doubts"], gone: ["原栏目已不再列出", "No longer listed by its column"], nothing_failed: ["没有。", "None."], not_listed: ["这一份未列入本页。", "Not in this page."], entry_elsewhere: ["{0} 项（部分未列入本页）", "{0} (some are not in this page)"],
  cell_label: ["{0}，{1}：{2} 份报告，{4} 个机关中有 {3} 个", "{0}, {1}: {2} reports, of {3} of {4} organisations"], cell_flaw: ["，其中 {0} 份有未通过的核对或存疑处", ", {0} of them with failed checks or doubts"], with_flaw: ["▲ 有未通过的核对或存疑处", "▲ some with failed checks or doubts"], level_n: ["有报告的机关占比：", "Organisations with a report: "], no_report: ["无报告", "none"], full: ["齐全", "complete"],
  cut_reports: ["仅前 {0} 份报告可逐份查看，表格计数包含全部。", "Only the first {0} reports can be opened one by one; the grid counts all."], without_year: ["年度不明", "year unknown"],
  footer: ["本文件不加载任何外部资源，可离线保存。数据以 reports.jsonl、cells.csv 等同一版本的文件为准。", "This file loads nothing from outside and can be kept offline. The data proper is in reports.jsonl, cells.csv and the other files of the same version."],
  active_disclosure: ["表二 主动公开政府信息情况", "Table 2: active disclosure"], requests: ["表三 收到和处理申请情况", "Table 3: requests"], review_litigation: ["表四 行政复议、行政诉讼", "Table 4: review and litigation"],
  number: ["数字", "number"], zero: ["零", "zero"], blank: ["空白", "blank"], na_mark: ["“/”等标记", "mark such as “/”"], unparsed: ["未能读出", "not understood"], absent: ["原文无此行", "not printed"],
  identity: ["勾稽关系", "identity"], plausibility: ["合理性", "plausibility"], structure: ["结构", "structure"], timeliness: ["时效", "timeliness"], cross_year: ["跨年度", "across years"], cross_level: ["跨层级", "across levels"], doubt: ["读数存疑", "doubtful reading"], text_kind: ["文与表", "text against table"],
  error: ["错误", "error"], warn: ["警示", "warning"], info: ["提示", "notice"],
  ok: ["正常", "ok"], blocked: ["被拦截", "blocked"], not_found: ["未找到", "not found"], not_a_document: ["不是文件", "not a document"], truncated: ["不完整", "truncated"], encrypted: ["加密", "encrypted"], too_large: ["过大", "too large"], unsupported: ["不支持", "unsupported"], scanned: ["扫描件", "scanned"], garbled: ["乱码", "garbled"], no_tables: ["无法定表格", "no tables"], not_a_report: ["不是年报", "not a report"], timeout: ["超时", "timeout"], unreachable: ["无法连接", "unreachable"],
  second_reading_differs: ["两次读数不同", "two readings differ"], ocr_suspect: ["识别可疑", "recognition suspect"], no_two_readings_agree: ["各次读数均不同", "no two readings agree"], blank_not_zero: ["空白处应有数字", "a blank where the sums want a number"],
};
const RULES = [
  ["R3.balance", "收到与结转之和应等于办结与转下年之和", "received and carried in = results and carried over"], ["R3.total", "各项办理结果之和应等于总计", "the results add up to their total"],
  ["R3.row", "各类申请人之和应等于该行总计", "the applicants add up to the row’s total"], ["R4.sum", "各项结果之和应等于总计", "the outcomes add up to their total"],
  ["R2.items_nonneg", "上年项目数加增减不应为负", "last year’s items and their change are not negative"], ["R2.disclosed_le_total", "新公开数不应多于对外公开总数", "newly disclosed ≤ disclosed in total"],
  ["R2.disclosed_le_made", "新公开数不应多于制作数", "newly disclosed ≤ made"], ["R2.made_le_total", "制作数不应多于公开总数", "made ≤ disclosed in total"], ["R2.stock_not_flow", "公开总数应为累计数", "the total is a stock, not a flow"],
  ["R2.in_force_ge_net", "现行有效数不应少于制发减废止", "in force ≥ issued − repealed"], ["X.stock_flow", "现行有效数应与上年衔接", "in force follows from the year before"], ["R2.rule_making_power", "该级机关无权制定规章", "a body of this level cannot make rules"],
  ["R2.amount_unit", "金额单位可疑（元或万元）", "the amount’s unit is doubtful (元 or 万元)"], ["R2.fee_note", "应说明收取信息处理费情况", "the fees charged should be stated"], ["R.nonneg", "数量不应为负", "counts are not negative"], ["R.integer", "件数应为整数", "counts are whole numbers"],
  ["X.carry", "上年结转应等于上年报告的转下年", "carried in = last year’s carried over"], ["X.items_stock", "上年项目数应与上年报告衔接", "last year’s items follow from last year’s report"], ["X.jump", "与上年相差二十倍以上", "more than twentyfold change in a year"], ["X.pending", "尚未审结应与上年衔接", "pending cases follow from last year"],
  ["T.received", "正文所述申请数应与表格一致", "requests told in the text are the table’s"], ["T.none", "正文称无申请，表格应为零", "no request by the text, none in the table"], ["T.review", "正文所述复议诉讼数应与表格一致", "review and litigation told in the text are the table’s"], ["T.parts", "分项不应大于总数", "parts do not exceed their whole"],
  ["S.headings", "六个部分的标题应齐全", "all six headings are there"], ["S.form_year", "表式应与年度相符", "the form is that of its year"], ["S.cells", "表式的每一格都应印出", "every cell of the form is printed"], ["S.blank_block", "整块空白", "a block is blank throughout"],
  ["D.deadline", "应在法定期限前发布", "published by the legal date"], ["H.consolidated", "汇总数不应小于下级之和", "a consolidated report covers its parts"],
];

let language = "zh";
let pictures = null;
let chosen = null;
const say = (key, ...parts) => {
  const pair = WORDS[key];
  const text = pair ? pair[language === "zh" ? 0 : 1] : key;
  return parts.reduce((whole, part, index) => whole.split("{" + index + "}").join(part), text);
};
const words = (key) => (WORDS[key] ? say(key) : String(key).replaceAll("_", " "));
const MEDIA = { "text/html": "HTML", "application/pdf": "PDF", "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX", "application/msword": "DOC", "application/vnd.ms-works": "WPS", "application/rtf": "RTF", "multipart/related": "MHTML", "application/x-wordml+xml": "Word XML", "application/vnd.oasis.opendocument.text": "ODT", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX", "application/vnd.ms-excel": "XLS", "application/ofd": "OFD", "application/zip": "ZIP", "application/vnd.rar": "RAR", "application/x-7z-compressed": "7z", "text/plain": "TXT", "image/png": "PNG", "image/jpeg": "JPEG", "image/tiff": "TIFF" };
const mediaWords = (media) => (media === "none" ? say("not_stored") : media === "application/x-page-images" ? say("page_images") : MEDIA[media] || media || say("unknown"));
const kindWords = (kind) => (kind === "text" ? say("text_kind") : words(kind));
const $ = (id) => document.getElementById(id);
const count = (number) => Number(number).toLocaleString(language === "zh" ? "zh-CN" : "en");
const day = (moment) => (moment ? moment.slice(0, 10) : "");
const lower = (text) => String(text ?? "").toLowerCase();

/** An element with attributes (``on…`` are listeners) and children; children that are no elements become text. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) => (child instanceof Node ? child : String(child))));
  return made;
}
/** A link to a page of the web; other schemes stay text. */
function link(address, text) {
  let safe = false;
  try { safe = ["http:", "https:"].includes(new URL(address).protocol); } catch { safe = false; }
  return safe ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text ?? address) : el("span", {}, text ?? address ?? "");
}
function table(caption, heads, rows, className = "plain") {
  const head = el("tr", {}, heads.map((one) => el("th", { scope: "col", class: one.n ? "n" : null }, one.n || one)));
  return el("table", { class: className }, el("caption", { class: "hidden" }, caption), el("thead", {}, head), el("tbody", {}, rows));
}
const cell = (content, className) => el("td", { class: className }, content);
const rowHead = (content) => el("th", { scope: "row" }, content);
const tag = (text, kind) => el("span", { class: "tag " + (kind || "") }, text);

/** Rows by portions: what is shown, a button for more, and a count that is read out. */
function portions(target, status, found, draw, beyond) {
  let size = PAGE;
  const show = (focus) => {
    const rows = found.slice(0, size);
    target.replaceChildren(found.length ? draw(rows) : el("p", {}, say("none_found")));
    status.textContent = say("shown", count(found.length), count(rows.length)) + (beyond ? " " + beyond : "");
    if (found.length > size) target.append(el("button", { type: "button", class: "more", onclick: () => { size += PAGE * 3; show(true); } }, say("more", count(Math.min(PAGE * 3, found.length - size)))));
    if (focus) { const last = target.querySelector("button.more"); if (last) last.focus(); }
  };
  show(false);
}
function options(select, pairs) {
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => el("option", { value }, text)));
  if (pairs.some(([value]) => value === before)) select.value = before;
}

/** Labels without the head that all results of requests share. */
const told = (labels) => (labels.length > 2 && labels[0] === "三、本年度办理结果" ? labels.slice(1) : labels);
function metricLabel(key) {
  if (language === "en") return key.split(".").slice(1).map((part) => part.replaceAll("_", " ")).join(" · ");
  return facts.metrics[key] ? told(facts.metrics[key].labels).join(" / ") : key;
}
const tableOf = (key) => key.split(".")[0];
function ruleWords(entry) {
  if (entry.kind === "doubt") return entry.rule.split(", ").map(words).join(language === "zh" ? "、" : ", ");
  const found = RULES.find(([prefix]) => entry.rule.startsWith(prefix));
  return found ? found[language === "zh" ? 1 : 2] : entry.rule;
}
const reportOf = (number) => {
  const row = facts.reports[number];
  if (!row) return null;
  const [organisation, year, id, title, address, media, entries, flags, version, published, gone] = row;
  const [name, region] = facts.organisations[organisation];
  return { number, organisation, name, region, year, id, title, address, media: facts.media_types[media], entries, flags, version, published, gone };
};
const reportName = (report) => (report ? `${report.name || say("unknown")} · ${report.year ?? say("without_year")}` : say("not_listed"));

// --- regions -------------------------------------------------------------------------------------------------------
const tree = (() => {
  const root = { name: "", path: "", depth: -1, parent: null, children: new Map(), years: new Map(), organisations: 0, open: true };
  const nodes = new Map([["", root]]);
  const at = (path) => {
    if (nodes.has(path)) return nodes.get(path);
    const cut = path.lastIndexOf("/");
    const parent = at(cut < 0 ? "" : path.slice(0, cut));
    const node = { name: path.slice(cut + 1), path, depth: parent.depth + 1, parent, children: new Map(), years: new Map(), organisations: 0, open: false };
    parent.children.set(path, node);
    nodes.set(path, node);
    return node;
  };
  const unknown = facts.regions.indexOf("");
  const nodeOf = facts.regions.map((path, index) => (index === unknown ? at("?") : at(path)));
  const above = function* (node) { for (let one = node; one; one = one.parent) yield one; };
  for (const [region, year, ...found] of facts.coverage) {
    for (const node of above(nodeOf[region])) {
      node.years.set(year, (node.years.get(year) || [0, 0, 0]).map((sum, index) => sum + found[index]));
    }
  }
  for (const [, region] of facts.organisations) for (const node of above(nodeOf[region])) node.organisations += 1;
  const inside = (region, node) => { for (const one of above(nodeOf[region])) if (one === node) return true; return false; };
  let open = [root];
  while (open.length) { // as many levels as fit the eye
    const next = open.flatMap((node) => [...node.children.values()]);
    if (!next.length || nodes.size > 40 && next.length > 30) break;
    open.forEach((node) => { node.open = true; });
    open = next;
  }
  return { root, inside, nodes };
})();
const YEARS = [...new Set(facts.coverage.map(([, year]) => year))].sort((a, b) => (a === null ? 1 : b === null ? -1 : a - b));
const rowsOfGrid = () => (tree.root.children.size === 1 ? visible() : [tree.root, ...visible()]);
const regionName = (node) => (node.path === "?" ? say("unknown") : node.depth < 0 ? say("total") : node.name);
function visible(node = tree.root, found = []) {
  for (const child of [...node.children.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    found.push(child);
    if (child.open) visible(child, found);
  }
  return found;
}
function shade(reported, organisations) {
  if (!reported) return "c0";
  const share = reported / Math.max(organisations, 1);
  return share >= 1 ? "c5" : share >= .75 ? "c4" : share >= .5 ? "c3" : share >= .25 ? "c2" : "c1";
}
let gridAt = [0, 0];
function drawGrid(focus) {
  const rows = rowsOfGrid();
  gridAt = [Math.min(gridAt[0], rows.length - 1), Math.min(gridAt[1], YEARS.length)];
  const stop = (row, column) => (gridAt[0] === row && gridAt[1] === column ? "0" : "-1");
  const body = rows.map((node, row) => {
    const folds = node.children.size && node.depth >= 0;
    const head = el("th", { scope: "row", role: "rowheader", tabindex: stop(row, 0), "data-at": row + ",0" },
      el("span", { class: "toggle", "aria-hidden": "true" }, folds ? (node.open ? "▾" : "▸") : ""), regionName(node));
    head.style.paddingLeft = `${.5 + Math.max(node.depth, 0) * 1.1}rem`;
    const cells = YEARS.map((year, column) => {
      const [reports, flawed, reported] = node.years.get(year) || [0, 0, 0];
      const label = say("cell_label", regionName(node), year ?? say("without_year"), reports, reported, node.organisations) + (flawed ? say("cell_flaw", flawed) : "");
      const isChosen = chosen && chosen.node === node && chosen.year === year;
      return el("td", { role: "gridcell", tabindex: stop(row, column + 1), "data-at": `${row},${column + 1}`, class: shade(reported, node.organisations) + (isChosen ? " chosen" : ""), "aria-label": label },
        reported ? count(reported) : "·", el("span", { class: "of" }, ` / ${count(node.organisations)}`), flawed ? el("span", { class: "flaw" }, "▲") : null);
    });
    return el("tr", { role: "row", "aria-level": node.depth + 2, "aria-expanded": folds ? String(node.open) : null }, head, cells);
  });
  $("grid").replaceChildren(el("thead", {}, el("tr", { role: "row" }, el("th", { scope: "col", role: "columnheader" }, say("region")), YEARS.map((year) => el("th", { scope: "col", role: "columnheader" }, year ?? say("without_year"))))), el("tbody", {}, body));
  if (focus) $("grid").querySelector('[tabindex="0"]').focus();
}
function gridKey(event) {
  const rows = rowsOfGrid();
  const node = rows[gridAt[0]];
  const folds = node.children.size && node.depth >= 0;
  let [row, column] = gridAt;
  if (event.key === "ArrowDown") row += 1;
  else if (event.key === "ArrowUp") row -= 1;
  else if (event.key === "ArrowRight") { if (column === 0 && folds && !node.open) node.open = true; else column += 1; }
  else if (event.key === "ArrowLeft") {
    if (column > 0) column -= 1;
    else if (folds && node.open) node.open = false;
    else if (node.parent && node.depth > 0) row = rows.indexOf(node.parent);
  } else if (event.key === "Home") column = 0;
  else if (event.key === "End") column = YEARS.length;
  else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); activate(row, column); return; }
  else return;
  event.preventDefault();
  gridAt = [Math.max(0, Math.min(row, rows.length - 1)), Math.max(0, Math.min(column, YEARS.length))];
  drawGrid(true);
}
function activate(row, column) {
  const node = rowsOfGrid()[row];
  gridAt = [row, column];
  if (column === 0 && node.children.size && node.depth >= 0) { node.open = !node.open; drawGrid(true); return; }
  chosen = { node, year: column ? YEARS[column - 1] : undefined };
  drawGrid(true);
  drawDrill(true);
}
function drawDrill(focus) {
  const target = $("drill");
  if (!chosen) { target.replaceChildren(); return; }
  const { node, year } = chosen;
  const found = new Map();
  facts.organisations.forEach(([, region], index) => { if (node.depth < 0 || tree.inside(region, node)) found.set(index, []); });
  facts.reports.forEach((row, number) => { if (found.has(row[0])) found.get(row[0]).push(number); });
  const has = (reports) => (reports.some((number) => facts.reports[number][1] === year) ? 0 : 1);
  const organisations = [...found].sort((a, b) => (year === undefined ? 0 : has(a[1]) - has(b[1])) || (facts.organisations[a[0]][0] < facts.organisations[b[0]][0] ? -1 : 1));
  const heading = el("h3", { tabindex: "-1", id: "drill-h" }, `${regionName(node)}${year === undefined ? "" : ` · ${year ?? say("without_year")}`}`);
  const list = el("div", { class: "scroll" });
  const status = el("p", { class: "count" });
  const close = el("button", { type: "button", class: "close", onclick: () => { chosen = null; drawDrill(); drawGrid(true); } }, say("close"));
  target.replaceChildren(el("div", {}, heading, status, list, close));
  portions(list, status, organisations, (rows) => table(heading.textContent, [say("organisation"), ...YEARS.map((one) => String(one ?? say("without_year")))], rows.map(([index, reports]) =>
    el("tr", {}, rowHead(facts.organisations[index][0] || say("unknown")), YEARS.map((one) => {
      const here = reports.filter((number) => facts.reports[number][1] === one);
      return cell(here.length ? here.map((number) => reportButton(reportOf(number))) : el("span", { class: "zero" }, "·"), one === year ? "year" : null);
    })))), facts.report_count > facts.reports.length ? say("cut_reports", count(facts.reports.length)) : "");
  if (focus) heading.focus();
}
function reportButton(report, text) {
  if (!report) return el("span", {}, say("not_listed"));
  const shown = text ?? (report.entries ? `▲ ${report.entries}` : "✓");
  const spoken = `${reportName(report)}${report.entries ? `: ${say("failed_here")} ${report.entries}` : ""}`;
  return el("button", { type: "button", class: "link", "aria-label": text ? null : spoken, onclick: (event) => openReport(report, event.currentTarget) }, shown);
}
function openReport(report, opener) {
  const dialog = $("report");
  const entries = facts.failed.filter((entry) => entry.report === report.number);
  const pairs = [
    [say("region"), facts.regions[report.region] || say("unknown")], [say("year"), report.year ?? say("unknown")], [say("title_col"), report.title || say("unknown")], [say("published"), report.published || say("unknown")],
    [say("media"), mediaWords(report.media)], [say("identifier"), report.id], [say("version_no"), report.version], [say("flags"), report.flags], [say("open_file"), link(report.address)],
  ];
  const failures = report.entries === 0 ? el("p", {}, say("nothing_failed")) : [
    entries.length < report.entries ? el("p", { class: "note" }, say("entry_elsewhere", report.entries)) : null,
    el("ul", {}, entries.map((entry) => el("li", {}, el("button", { type: "button", class: "link", onclick: () => { dialog.close("jump"); jumpTo(entry); } }, ruleWords(entry)), el("br"), entry.detail))),
  ];
  $("report-body").replaceChildren(el("h2", { id: "report-h" }, reportName(report)), report.gone ? tag(say("gone"), "warn") : "", el("dl", { class: "pairs" }, pairs.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("h3", {}, say("failed_here")), failures, el("button", { type: "button", class: "close", onclick: () => dialog.close() }, say("close")));
  dialog.onclose = () => { if (dialog.returnValue !== "jump" && opener && opener.isConnected) opener.focus(); dialog.returnValue = ""; };
  dialog.showModal();
}
function jumpTo(entry) {
  for (const id of ["f-kind", "f-severity", "f-as"]) $(id).value = "";
  $("f-text").value = reportOf(entry.report)?.id ?? "";
  drawFailed();
  const button = [...document.querySelectorAll("#failed-list .entry")].find((one) => one.entry === entry)?.querySelector("button");
  if (button) { if (button.getAttribute("aria-expanded") !== "true") button.click(); button.focus(); button.scrollIntoView({ block: "start" }); }
}

// --- failed checks -------------------------------------------------------------------------------------------------
const shownAs = (entry) => (entry.pictures.some((one) => "picture" in one) ? "picture" : entry.keys.length ? "drawing" : "words_only");
function drawFailed() {
  const [kind, severity, as, text] = [$("f-kind").value, $("f-severity").value, $("f-as").value, lower($("f-text").value)];
  const found = facts.failed.filter((entry) => {
    if (kind && entry.kind !== kind || severity && entry.severity !== severity || as && shownAs(entry) !== as) return false;
    const report = reportOf(entry.report);
    return !text || [report?.name, report?.year, report?.id, report?.title, entry.rule, entry.detail, ruleWords(entry)].some((part) => lower(part).includes(text));
  });
  const all = Object.values(facts.failed_totals).reduce((sum, one) => sum + one, 0);
  portions($("failed-list"), $("failed-count"), found, (entries) => el("div", {}, entries.map(entryElement)), all > facts.failed.length ? say("beyond", count(all - facts.failed.length), "reports.jsonl") : "");
}
function entryElement(entry, index) {
  const report = reportOf(entry.report);
  const detail = el("div", { class: "detail", hidden: true, id: `detail-${index}`, role: "region", "aria-label": `${reportName(report)}: ${ruleWords(entry)}` });
  const as = shownAs(entry);
  const button = el("button", { type: "button", "aria-expanded": "false", "aria-controls": detail.id, onclick: () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    detail.hidden = !open;
    if (open && !detail.firstChild) detail.append(...entryDetail(entry, report));
  } }, el("span", {}, tag(kindWords(entry.kind), entry.severity)), el("span", { class: "who" }, reportName(report)), el("span", { class: "what" }, ruleWords(entry)), el("span", { class: "as" }, say(as)));
  const made = el("div", { class: "entry" }, el("h4", {}, button), detail);
  made.entry = entry;
  return made;
}
function entryDetail(entry, report) {
  const marked = new Set(entry.keys);
  const lit = (key, on) => document.querySelectorAll("[data-key]").forEach((one) => { if (one.dataset.key === key) one.classList.toggle("lit", on); });
  const watch = (key) => ({ "data-key": key, onmouseenter: () => lit(key, true), onmouseleave: () => lit(key, false), onfocus: () => lit(key, true), onblur: () => lit(key, false) });
  const read = new Map(Object.values(entry.tables).flat().map((row) => [row[0], row]));
  const values = entry.keys.length ? el("div", {}, el("h4", {}, say("values_read")), el("div", { class: "scroll values" }, table(say("values_read"), [say("figure"), { n: say("printed") }, { n: say("value") }, say("state")], entry.keys.map((key) => {
    const [, raw, value, state] = read.get(key);
    return el("tr", { ...watch(key), tabindex: "0" }, rowHead(metricLabel(key)), el("td", { class: "n raw" }, raw === null ? "" : raw === "" ? el("span", { class: "blank" }, say("blank")) : raw), cell(value === null ? "–" : value, "n"), cell(words(state)));
  })))) : null;
  const shots = entry.pictures.map((one) => "picture" in one ? shot(entry, one, report, watch) : el("p", { class: "note" }, say("no_shot", one.page, one.note || say("limit_reached"))));
  const drawn = !entry.pictures.some((one) => "picture" in one) && entry.keys.length ? drawing(entry, marked) : null;
  return [
    el("p", {}, tag(words(entry.severity), entry.severity), " ", el("code", {}, entry.rule), report ? [" · ", reportButton(report, reportName(report)), " · ", link(report.address, say("open_page"))] : ""),
    el("p", { class: "raw" }, entry.detail),
    values ? el("div", { class: "sides" }, el("div", {}, shots, drawn), values) : "",
  ];
}
function shot(entry, one, report, watch) {
  pictures = pictures || JSON.parse($("pictures").textContent);
  const frame = el("div", { class: "shot" }, el("img", { src: pictures[one.picture], alt: say("shot_alt", report?.name ?? "", report?.year ?? "", one.page) }));
  for (const [key, [left, top, width, height]] of Object.entries(one.marks)) {
    const mark = el("span", { class: "mark", "aria-hidden": "true", title: metricLabel(key), ...watch(key) });
    Object.assign(mark.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    frame.append(mark);
  }
  return el("figure", {}, el("figcaption", {}, say("source_shot", one.page)), frame);
}
/** The form's tables from the raw texts: rows by row key, a new head where the columns change. */
function drawing(entry, marked) {
  const tables = Object.entries(entry.tables).map(([name, cells]) => {
    const rows = new Map();
    for (const one of cells) { const key = one[0].split(".").slice(0, 2).join("."); if (!rows.has(key)) rows.set(key, []); rows.get(key).push(one); }
    const parts = [];
    let heads = "";
    for (const row of rows.values()) {
      const labels = row.map(([key]) => (language === "en" ? key.split(".")[2].replaceAll("_", " ") : facts.metrics[key]?.labels.at(-1) ?? key));
      if (labels.join("|") !== heads) { heads = labels.join("|"); parts.push({ labels, rows: [] }); }
      const [key] = row[0];
      const name = language === "en" ? key.split(".")[1].replaceAll("_", " ") : (facts.metrics[key] ? told(facts.metrics[key].labels).slice(0, -1).join(" / ") : key);
      parts.at(-1).rows.push(el("tr", {}, el("th", { scope: "row" }, name), row.map(([cellKey, raw, , state]) => el("td", { class: marked.has(cellKey) ? "marked" : null, "data-key": cellKey }, state === "absent" ? "" : raw === "" || raw === null ? el("span", { class: "blank" }, say("blank")) : raw))));
    }
    return parts.map((part, index) => el("table", {}, el("caption", { class: index ? "hidden" : null }, say(name)), el("thead", {}, el("tr", {}, el("td", {}), part.labels.map((label) => el("th", { scope: "col" }, label)))), el("tbody", {}, part.rows)));
  });
  return el("figure", {}, el("figcaption", {}, say("drawn")), el("div", { class: "drawing scroll" }, tables));
}
function drawRules() {
  $("rules").replaceChildren(table(say("rules"), [say("rule"), say("kind"), { n: say("fail") }, { n: say("pass") }, { n: say("not_assessable") }, say("note")], [...facts.rules].sort((a, b) => (b.counts.fail || 0) - (a.counts.fail || 0)).map((rule) =>
    el("tr", {}, rowHead(el("code", {}, rule.id)), cell(kindWords(rule.kind)), cell(count(rule.counts.fail || 0), "n"), cell(count(rule.counts.pass || 0), "n"), cell(count(rule.counts.not_assessable || 0), "n"), cell(ruleWords({ rule: rule.id }))))));
}

// --- figures -------------------------------------------------------------------------------------------------------
function bars(figure) {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (name, attributes) => { const made = document.createElementNS(SVG, name); for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value); return made; };
  const [width, height, step] = [192, 34, 8];
  const sum = figure.bars.reduce((whole, one) => whole + one, 0);
  const label = sum ? say("bars_alt", count(sum), count(figure.bars.findIndex(Boolean) >= 0 ? facts.bins[figure.bars.findIndex(Boolean)] : 0), count(figure.spread[4])) : say("zeros");
  const svg = make("svg", { class: "bars", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  svg.append(make("line", { x1: 0, x2: width, y1: height - .5, y2: height - .5 }));
  const most = Math.max(...figure.bars, 1);
  const far = new Set(figure.outliers.map(([value]) => facts.bins.findLastIndex((edge) => edge <= Math.abs(value))));
  figure.bars.forEach((one, index) => { if (one) { const tall = Math.max(2, (height - 2) * one / most); svg.append(make("rect", { x: index * step + 1, y: height - 1 - tall, width: step - 2, height: tall, class: far.has(index) ? "far" : "" })); } });
  svg.querySelectorAll("rect").forEach((rect) => { const index = Math.round((rect.getAttribute("x") - 1) / step); const title = make("title", {}); title.textContent = `${count(facts.bins[index])}–${facts.bins[index + 1] ? count(facts.bins[index + 1]) : ""}: ${count(figure.bars[index])}`; rect.append(title); });
  return svg;
}
function drawFigures() {
  const [name, text, only] = [$("m-table").value, lower($("m-text").value), $("m-out").checked];
  const found = facts.figures.filter((figure) => (!name || tableOf(figure.key) === name) && (!only || figure.outlier_count) && (!text || lower(figure.key).includes(text) || lower((facts.metrics[figure.key]?.labels || []).join(" / ")).includes(text) || lower(metricLabel(figure.key)).includes(text)));
  const nulls = (figure) => ["blank", "na_mark", "unparsed", "absent"].reduce((sum, state) => sum + (figure.states[state] || 0), 0);
  portions($("figures-list"), $("figures-count"), found, (figures) => table(say("figures"), [say("figure"), say("unit"), { n: say("numbers") }, { n: say("zeros") }, { n: say("nulls") }, say("spread"), say("distribution"), say("outliers")], figures.map((figure) => el("tr", {},
    rowHead(metricLabel(figure.key)), cell(facts.metrics[figure.key]?.unit === "undeclared" ? "–" : facts.metrics[figure.key]?.unit ?? ""), cell(count(figure.states.number || 0), "n"), cell(count(figure.states.zero || 0), "n"), cell(count(nulls(figure)), "n"),
    cell(figure.spread ? figure.spread.map(count).join(" / ") : "–"), cell(bars(figure)),
    cell([figure.outliers.map(([value, report], index) => [index ? ", " : "", reportButton(reportOf(report), `${count(value)} (${reportName(reportOf(report))})`)]), figure.outlier_count > figure.outliers.length ? ` ${say("more_outliers", figure.outlier_count - figure.outliers.length)}` : ""])))));
}

// --- sources, outcomes, changes ------------------------------------------------------------------------------------
function drawSources() {
  const [show, text] = [$("s-show").value, lower($("s-text").value)];
  const found = facts.portals.filter((portal) => (!show || (show === "stale") === Boolean(portal.stale && portal.stale.length)) && (!text || [portal.name, portal.region, portal.home, portal.message, ...(portal.stale || [])].some((part) => lower(part).includes(text))))
    .sort((a, b) => (b.stale?.length ? 1 : 0) - (a.stale?.length ? 1 : 0) || (a.last_success || "" ) .localeCompare(b.last_success || ""));
  portions($("sources-list"), $("sources-count"), found, (portals) => table(say("sources"), [say("portal"), say("state"), say("last_success"), say("last_new"), say("last_outcome"), { n: say("documents") }, say("why")], portals.map((portal) => el("tr", {},
    rowHead([link(portal.home, portal.name), el("br"), el("span", { class: "zero" }, portal.region)]), cell(portal.stale === null ? tag(say("not_judged")) : portal.stale.length ? tag(say("needs_look"), "warn") : tag(say("well"), "good")),
    cell(day(portal.last_success) || say("never")), cell(day(portal.last_new_document) || say("never")), cell(portal.outcome ? words(portal.outcome) : say("never")), cell(count(portal.documents || 0), "n"),
    cell(portal.stale?.length ? el("ul", {}, portal.stale.map((reason) => el("li", {}, reason))) : portal.outcome === "ok" ? "" : portal.message)))));
}
function drawMatrix() {
  const outcomes = [...new Set(Object.values(facts.outcomes).flatMap(Object.keys))].filter((outcome) => Object.values(facts.outcomes).some((found) => found[outcome]));
  outcomes.sort((a, b) => (a === "ok" ? -1 : b === "ok" ? 1 : a < b ? -1 : 1));
  const sum = (found) => outcomes.reduce((whole, outcome) => whole + (found[outcome] || 0), 0);
  const numbers = (found) => [...outcomes.map((outcome) => found[outcome] || 0), sum(found)].map((number) => cell(number ? count(number) : "·", number ? "n" : "n zero"));
  const totals = {};
  for (const found of Object.values(facts.outcomes)) for (const outcome of outcomes) totals[outcome] = (totals[outcome] || 0) + (found[outcome] || 0);
  const rows = Object.entries(facts.outcomes).sort((a, b) => sum(b[1]) - sum(a[1])).map(([media, found]) => el("tr", {}, rowHead(mediaWords(media)), numbers(found)));
  $("matrix").replaceChildren(table(say("outcomes"), [say("media"), ...outcomes.map((outcome) => ({ n: words(outcome) })), { n: say("total") }], [...rows, el("tr", {}, rowHead(say("total")), numbers(totals))]));
}
function drawProblems() {
  const [outcome, text] = [$("p-outcome").value, lower($("p-text").value)];
  const found = facts.problems.filter((one) => (!outcome || one[4] === outcome) && (!text || one.some((part) => lower(part).includes(text))));
  const missing = facts.problem_count - facts.problems.length;
  portions($("problems-list"), $("problems-count"), found, (rows) => table(say("problems"), [say("outcome"), say("title_col"), say("portal"), say("message")], rows.map(([address, pageAddress, portal, title, ended, message]) =>
    el("tr", {}, cell(tag(words(ended), "warn")), rowHead([link(address, title || address), pageAddress !== address ? [" · ", link(pageAddress, say("open_file"))] : ""]), cell(portal), cell(message)))), missing > 0 ? say("beyond", count(missing), "problems.jsonl") : "");
}
function drawChanges() {
  const operation = $("d-op").value;
  const found = facts.delta.changes.filter((one) => !operation || one[0] === operation);
  const all = Object.entries(facts.delta.counts).reduce((sum, [key, number]) => sum + (!operation || key === operation ? number : 0), 0);
  $("changes-help").textContent = (facts.previous_version ? say("since", facts.previous_version) : say("first_version")) + " " + say("change_said", count(facts.delta.counts.ADD), count(facts.delta.counts.MOD), count(facts.delta.counts.DEL));
  const keyWords = (key) => (key.startsWith("values.") ? metricLabel(key.slice(7)) : key);
  portions($("changes-list"), $("changes-count"), found, (rows) => table(say("changes"), [say("operation"), say("organisation"), say("year"), say("what_changed")], rows.map(([op, id, name, year, keys, number]) =>
    el("tr", {}, cell(tag(say(op), op === "DEL" ? "error" : op === "MOD" ? "warn" : "good")), rowHead(name || id), cell(year ?? say("unknown")), cell(keys.length ? el("ul", {}, keys.map(([key, old, now]) => el("li", {}, `${keyWords(key)}: `, el("span", { class: "raw" }, old ?? "–"), " → ", el("span", { class: "raw" }, now ?? "–"))), number > keys.length ? el("li", {}, say("more_keys", number - keys.length)) : "") : "")))),
    all > found.length ? say("beyond", count(all - found.length), "delta.jsonl") : "");
}

// --- assertions ----------------------------------------------------------------------------------------------------
const SHARES = new Set(["without_organisation", "without_year", "unread_cells", "identity_pass_rate"]);
const assertionWords = (name) => (WORDS[`a_${name}`] ? say(`a_${name}`) : name);
function drawAssertions() {
  const forced = facts.forced;
  $("forced").textContent = forced ? say("forced_said", forced.by, forced.at.replace("T", " ").replace("Z", " UTC"), forced.reason, forced.failed.map(assertionWords).join(language === "zh" ? "、" : "; ")) : "";
  const amount = (one, number) => (SHARES.has(one.assertion) ? `${(100 * number).toFixed(2)} %` : count(Math.round(100 * number) / 100));
  const result = (one) => (one.passed === null ? tag(say("not_judged")) : one.passed ? tag(say("held"), "good") : tag(say(forced && forced.failed.includes(one.assertion) ? "overridden" : "not_held"), "error"));
  $("assertions-list").replaceChildren(table(say("assertions"), [say("assertion"), say("result"), { n: say("found") }, { n: say("limit") }, say("counted")], facts.assertions.map((one) => el("tr", { "data-assertion": one.assertion },
    rowHead([assertionWords(one.assertion), " ", el("code", {}, one.assertion)]), cell(result(one)), cell(amount(one, one.found), "n"), cell(one.passed === null ? "–" : say(one.bound === "floor" ? "at_least" : "at_most", amount(one, one.limit)), "n"), el("td", { lang: "en" }, one.message)))));
}

// --- the whole -----------------------------------------------------------------------------------------------------
function drawCards() {
  const cells = Object.values(facts.states).reduce((sum, one) => sum + one, 0);
  const unread = (facts.states.absent || 0) + (facts.states.unparsed || 0);
  const doubts = facts.failed_totals.doubt || 0;
  const failures = Object.values(facts.failed_totals).reduce((sum, one) => sum + one, 0) - doubts;
  const stale = facts.portals.filter((portal) => portal.stale === null ? portal.outcome !== "ok" : portal.stale.length).length;
  const known = YEARS.filter((year) => year !== null);
  const unheld = facts.assertions.filter((one) => one.passed === false).length;
  const changed = Object.values(facts.delta.counts).reduce((sum, one) => sum + one, 0);
  const cards = [
    [say("reports"), count(facts.report_count), known.length ? say("years_said", known[0], known.at(-1)) : ""], [say("organisations"), count(facts.organisations.length), ""],
    [say("cells"), count(cells), cells ? `${(100 * (cells - unread) / cells).toFixed(2)} % ${say("read")}` : ""], [say("failed_card"), count(failures), doubts ? say("doubt_card", count(doubts)) : "", failures],
    [say("sources_card"), count(stale), say("of_portals", count(facts.portals.length)), stale], [say("problem_card"), count(facts.problem_count), ""],
    [say("assertion_card"), `${count(facts.assertions.filter((one) => one.passed).length)} / ${count(facts.assertions.length)}`, say("assertion_card_said", count(unheld), count(facts.assertions.filter((one) => one.passed === null).length)), unheld],
    [say("change_card"), count(changed), say("change_said", count(facts.delta.counts.ADD), count(facts.delta.counts.MOD), count(facts.delta.counts.DEL))],
  ];
  $("cards").replaceChildren(...cards.map(([name, value, said, bad]) => el("div", { class: bad ? "bad" : null }, el("dt", {}, name), el("dd", {}, value, said ? el("div", { class: "said" }, said) : null))));
}
function drawStatic() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.querySelectorAll("[data-t]").forEach((one) => { one.textContent = say(one.dataset.t); });
  document.querySelectorAll("[data-label]").forEach((one) => { one.setAttribute("aria-label", say(one.dataset.label)); });
  document.title = `${say("title")} · ${facts.spider} ${facts.version}`;
  $("zh").setAttribute("aria-pressed", String(language === "zh"));
  $("en").setAttribute("aria-pressed", String(language === "en"));
  $("version").textContent = `${facts.spider} · ${say("version")} ${facts.version} · ${say("made")} ${facts.created_at.replace("T", " ").replace("Z", " UTC")}`;
  $("contents").replaceChildren(...["overview", "assertions", "coverage", "failed", "figures", "sources", "outcomes", "changes"].map((id) => el("li", {}, el("a", { href: `#${id}` }, say(id)))));
  $("grid-legend").replaceChildren(say("level_n"), ...[say("no_report"), "< 25 %", "< 50 %", "< 75 %", "< 100 %", say("full")].map((text, step) => el("span", {}, el("i", { class: `k${step}`, "aria-hidden": "true" }), text)), el("span", {}, say("with_flaw")));
  const missing = facts.pictures.wanted - facts.pictures.shown;
  $("failed-notes").textContent = missing > 0 ? say("pictures_note", count(facts.pictures.most), count(facts.pictures.shown), count(missing)) : "";
  const all = ["", say("all")];
  const totals = Object.entries(facts.failed_totals).sort((a, b) => b[1] - a[1]);
  options($("f-kind"), [all, ...totals.map(([kind, number]) => [kind, `${kindWords(kind)} (${count(number)})`])]);
  options($("f-severity"), [all, ...["error", "warn", "info"].map((one) => [one, say(one)])]);
  options($("f-as"), [all, ...["picture", "drawing", "words_only"].map((one) => [one, say(one)])]);
  options($("m-table"), [all, ...["active_disclosure", "requests", "review_litigation"].map((one) => [one, say(one)])]);
  options($("s-show"), [all, ["stale", say("needs_look")], ["well", say("well")]]);
  options($("p-outcome"), [all, ...[...new Set(facts.problems.map((one) => one[4]))].sort().map((one) => [one, words(one)])]);
  options($("d-op"), [all, ...["ADD", "MOD", "DEL"].map((one) => [one, say(one)])]);
}
function draw() {
  drawStatic(); drawCards(); drawAssertions(); drawGrid(false); drawDrill(false); drawFailed(); drawRules(); drawFigures(); drawSources(); drawMatrix(); drawProblems(); drawChanges();
}
function speak(chosenLanguage) {
  language = chosenLanguage;
  try { localStorage.setItem("language", language); } catch { /* not kept where the browser keeps nothing for files */ }
  draw();
}
$("zh").addEventListener("click", () => speak("zh"));
$("en").addEventListener("click", () => speak("en"));
$("grid").addEventListener("keydown", gridKey);
$("grid").addEventListener("click", (event) => { const at = event.target.closest("[data-at]"); if (at) activate(...at.dataset.at.split(",").map(Number)); });
for (const [ids, redraw] of [[["f-kind", "f-severity", "f-as", "f-text"], drawFailed], [["m-table", "m-text", "m-out"], drawFigures], [["s-show", "s-text"], drawSources], [["p-outcome", "p-text"], drawProblems], [["d-op"], drawChanges]]) {
  for (const id of ids) $(id).addEventListener("input", redraw);
}
let kept = null;
try { kept = localStorage.getItem("language"); } catch { kept = null; }
language = kept === "zh" || kept === "en" ? kept : (navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en";
draw();

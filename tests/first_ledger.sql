BEGIN TRANSACTION;
CREATE TABLE columns (
	portal TEXT NOT NULL, 
	url TEXT NOT NULL, 
	family TEXT, 
	last_swept TEXT NOT NULL, 
	declared_total INTEGER, 
	collected INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (portal, url)
);
INSERT INTO "columns" VALUES('luanchuan','http://luanchuan.example/nb/','trs','2026-01-10T02:00:00Z',1,1,'ok','');
CREATE TABLE documents (
	url TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	page_url TEXT NOT NULL, 
	role TEXT NOT NULL, 
	media_type TEXT, 
	bytes BIGINT, 
	path TEXT, 
	fetched_at TEXT NOT NULL, 
	first_seen TEXT NOT NULL, 
	last_seen TEXT NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	link_text TEXT, 
	outcome TEXT NOT NULL, 
	message TEXT NOT NULL, 
	last_run INTEGER, 
	PRIMARY KEY (url, sha256)
);
INSERT INTO "documents" VALUES('http://luanchuan.example/a.pdf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','http://luanchuan.example/a.html','attachment','application/pdf',1000,'aa/a.pdf','2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','"1"',NULL,NULL,'ok','',1);
INSERT INTO "documents" VALUES('http://luanchuan.example/b.pdf','','http://luanchuan.example/a.html','attachment',NULL,NULL,NULL,'2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','2026-01-10T02:00:00Z',NULL,NULL,NULL,'not_found','status 404',1);
CREATE TABLE entries (
	spider TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	url TEXT NOT NULL, 
	found_at TEXT NOT NULL, 
	PRIMARY KEY (spider, portal, url)
);
INSERT INTO "entries" VALUES('henan_reports','luanchuan','http://luanchuan.example/nb/','2026-01-10T02:00:00Z');
CREATE TABLE extractions (
	sha256 TEXT NOT NULL, 
	extractor_version TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	message TEXT NOT NULL, 
	record BLOB, 
	extracted_at TEXT NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (sha256, extractor_version)
);
INSERT INTO "extractions" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','1','ok','',X'789CAB562AC92CC94955B2527AB660DFD3ED739FF6ED373230327EBA73CBB3AEA54AB500EC5A0FBA','2026-01-10T02:00:00Z',0.5);
CREATE TABLE list_pages (
	portal TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	url TEXT NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	body BLOB NOT NULL, 
	fetched_at TEXT NOT NULL, 
	PRIMARY KEY (portal, "key")
);
INSERT INTO "list_pages" VALUES('luanchuan','http://luanchuan.example/nb/','http://luanchuan.example/nb/','"l"',NULL,X'789C7BBA73CBB3AEA500103C0468','2026-01-10T02:00:00Z');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE pages (
	url TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	column_url TEXT, 
	title TEXT, 
	published_date TEXT, 
	source TEXT, 
	list_title TEXT, 
	list_date TEXT, 
	etag TEXT, 
	last_modified TEXT, 
	first_seen TEXT NOT NULL, 
	last_seen TEXT NOT NULL, 
	gone_at TEXT, 
	outcome TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (url, portal)
);
INSERT INTO "pages" VALUES('http://luanchuan.example/a.html','luanchuan','http://luanchuan.example/nb/','栾川县2023年政府信息公开工作年度报告','2024-01-20',NULL,NULL,NULL,NULL,NULL,'2026-01-10T02:00:00Z','2026-01-10T02:00:00Z',NULL,'ok','');
CREATE TABLE portals (
	spider TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	name TEXT NOT NULL, 
	region TEXT NOT NULL, 
	region_code TEXT, 
	home TEXT NOT NULL, 
	family TEXT, 
	browser BOOLEAN, 
	last_attempt TEXT, 
	last_success TEXT, 
	last_new_document TEXT, 
	last_outcome TEXT, 
	last_message TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (spider, portal)
);
INSERT INTO "portals" VALUES('henan_reports','luanchuan','栾川县人民政府','河南省/洛阳市/栾川县','410324','http://luanchuan.example/','trs',0,'2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','ok','');
CREATE TABLE publications (
	spider TEXT NOT NULL, 
	version TEXT NOT NULL, 
	published_at TEXT NOT NULL, 
	counts TEXT NOT NULL, 
	status TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (spider, version)
);
INSERT INTO "publications" VALUES('henan_reports','20260110T020000Z','2026-01-10T02:00:00Z','{"reports": 1}','published','');
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	spider TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	reason TEXT, 
	exit_status INTEGER, 
	stats TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'henan_reports','2026-01-10T02:00:00Z','2026-01-10T02:00:00Z','finished',0,'{"a": 1}');
CREATE TABLE visits (
	portal TEXT NOT NULL, 
	url TEXT NOT NULL, 
	page_url TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	fetched_at TEXT NOT NULL, 
	PRIMARY KEY (portal, url)
);
INSERT INTO "visits" VALUES('luanchuan','http://luanchuan.example/a.html','http://luanchuan.example/a.html','f','"p"',NULL,'2026-01-10T02:00:00Z');
CREATE INDEX pages_by_portal ON pages (portal);
CREATE INDEX documents_by_page ON documents (page_url);
CREATE INDEX documents_by_sha256 ON documents (sha256);
CREATE INDEX documents_by_last_run ON documents (last_run);
COMMIT;

-- The catalog as clients read it.
create table customers (id serial primary key, email varchar(40) not null unique, credit numeric(10,2) default 0 check (credit >= 0), created timestamptz default now());
create table orders (id bigint generated always as identity primary key, customer_id int not null references customers (id) on delete cascade, note text, total numeric, tags text[], doc jsonb, twice numeric generated always as (total * 2) stored);
create index orders_note on orders (lower(note));
create unique index orders_c_n on orders (customer_id, note) where note is not null;
create view order_totals as select customer_id, sum(total) as total from orders group by customer_id;
create sequence loose_seq;
create schema other;
create table other.thing (a int);
comment on table orders is 'what was bought';
comment on column orders.note is 'free text';
-- psql \l without privileges, \dn, \du
select d.datname as "Name", pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding", d.datcollate as "Collate", d.datctype as "Ctype" from pg_catalog.pg_database d where datname = 'rustydb' order by 1;
SELECT n.nspname AS "Name", pg_catalog.pg_get_userbyid(n.nspowner) AS "Owner" FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1;
SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolconnlimit, r.rolvaliduntil, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) as memberof , r.rolreplication , r.rolbypassrls FROM pg_catalog.pg_roles r WHERE r.rolname = 'admin' ORDER BY 1;
-- each K: 'r','p','' | 'v','' | 'S','' | 'i','' | 'r','p','v','m','S','f',''
SELECT n.nspname as "Schema", c.relname as "Name", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 't' THEN 'TOAST table' WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END as "Type", pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE c.relkind IN ({K}) AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2;
-- each T: orders | customers | order_totals | nosuch
SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^({T})$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3;
-- let ORDERS = select 'orders'::regclass::oid
-- let CUSTOMERS = select 'customers'::regclass::oid
-- let TOTALS = select 'order_totals'::regclass::oid
-- let SEQ = select 'loose_seq'::regclass::oid
-- each T: ORDERS | CUSTOMERS | TOTALS | SEQ
SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition, '', c.reltablespace, CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence, c.relreplident, am.amname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid) LEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid) WHERE c.oid = '{{T}}';
-- each T: ORDERS | CUSTOMERS | TOTALS
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, a.attidentity, a.attgenerated FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{{T}}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
-- each T: ORDERS | CUSTOMERS
SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable, condeferred, i.indisreplident, c2.reltablespace FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x')) WHERE c.oid = '{{T}}' AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname;
-- each T: ORDERS | CUSTOMERS
SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true) FROM pg_catalog.pg_constraint r WHERE r.conrelid = '{{T}}' AND r.contype = 'c' ORDER BY 1;
-- each T: ORDERS | CUSTOMERS
SELECT true as sametable, conname, pg_catalog.pg_get_constraintdef(r.oid, true) as condef, conrelid::pg_catalog.regclass AS ontable FROM pg_catalog.pg_constraint r WHERE r.conrelid = '{{T}}' AND r.contype = 'f' AND conparentid = 0 ORDER BY conname;
-- each T: ORDERS | CUSTOMERS
SELECT conname, conrelid::pg_catalog.regclass AS ontable, pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint c WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('{{T}}') UNION ALL VALUES ('{{T}}'::pg_catalog.regclass)) AND contype = 'f' AND conparentid = 0 ORDER BY conname;
-- each T: ORDERS | CUSTOMERS
SELECT pol.polname, pol.polpermissive, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE pg_catalog.array_to_string(array(select rolname from pg_catalog.pg_roles where oid = any (pol.polroles) order by 1),',') END, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid), pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid), CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END AS cmd FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '{{T}}' ORDER BY 1;
SELECT oid, stxrelid::pg_catalog.regclass, stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS nsp, stxname, pg_catalog.pg_get_statisticsobjdef_columns(oid) AS columns, 'd' = any(stxkind) AS ndist_enabled, stxstattarget FROM pg_catalog.pg_statistic_ext WHERE stxrelid = '{ORDERS}' ORDER BY nsp, stxname;
SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid WHERE pr.prrelid = '{ORDERS}' UNION SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p WHERE p.puballtables AND pg_catalog.pg_relation_is_publishable('{ORDERS}') ORDER BY 1;
SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c, pg_catalog.pg_inherits i WHERE c.oid = i.inhparent AND i.inhrelid = '{ORDERS}' AND c.relkind != 'p' AND c.relkind != 'I' ORDER BY inhseqno;
SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid, true), t.tgenabled FROM pg_catalog.pg_trigger t WHERE t.tgrelid = '{ORDERS}' AND NOT t.tgisinternal ORDER BY 1;
SELECT pg_catalog.pg_get_viewdef('{TOTALS}'::pg_catalog.oid, true);
SELECT pg_catalog.format_type(seqtypid, NULL) AS "Type", seqstart AS "Start", seqmin AS "Minimum", seqmax AS "Maximum", seqincrement AS "Increment", CASE WHEN seqcycle THEN 'yes' ELSE 'no' END AS "Cycles?", seqcache AS "Cache" FROM pg_catalog.pg_sequence WHERE seqrelid = '{SEQ}';
SELECT n.nspname, p.proname, pg_catalog.pg_get_function_result(p.oid), pg_catalog.pg_get_function_arguments(p.oid) FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proname in ('lower', 'abs', 'now') ORDER BY 1, 2, 4;
SELECT n.nspname as "Schema", pg_catalog.format_type(t.oid, NULL) AS "Name", pg_catalog.obj_description(t.oid, 'pg_type') as "Description" FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typname in ('int4', 'text', 'jsonb', 'timestamptz') ORDER BY 1, 2;
-- information_schema
select table_schema, table_name, table_type, is_insertable_into from information_schema.tables where table_schema in ('public', 'other') order by 1, 2;
select table_name, column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, udt_name, is_identity, identity_generation, is_generated, generation_expression from information_schema.columns where table_schema = 'public' order by 1, 3;
select constraint_name, table_name, constraint_type from information_schema.table_constraints where table_schema = 'public' and constraint_type <> 'CHECK' order by 1;
select constraint_name, check_clause from information_schema.check_constraints where constraint_schema = 'public' and constraint_name not like '%not_null' order by 1;
select constraint_name, table_name, column_name, ordinal_position from information_schema.key_column_usage where table_schema = 'public' order by 1, 4;
select constraint_name, unique_constraint_name, match_option, update_rule, delete_rule from information_schema.referential_constraints where constraint_schema = 'public' order by 1;
select constraint_name, table_name, column_name from information_schema.constraint_column_usage where table_schema = 'public' order by 1, 3;
select table_name, view_definition, is_updatable from information_schema.views where table_schema = 'public';
select sequence_name, data_type, start_value, minimum_value, maximum_value, increment from information_schema.sequences where sequence_schema = 'public' order by 1;
select schema_name from information_schema.schemata where schema_name in ('public', 'other') order by 1;
-- views of the system
select schemaname, tablename, hasindexes, hasrules, hastriggers, rowsecurity from pg_tables where schemaname in ('public', 'other') order by 2;
select viewname, definition from pg_views where schemaname = 'public';
select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1;
select schemaname, sequencename, data_type, start_value, last_value from pg_sequences order by 2;
select relname, n_live_tup >= 0 from pg_stat_user_tables where schemaname = 'public' order by 1;
select name, setting, unit, vartype from pg_settings where name in ('work_mem', 'search_path', 'DateStyle') order by 1;
select count(*) > 0 from pg_stat_activity where state = 'active';
select datname, usename, application_name, state, query is not null from pg_stat_activity where pid = pg_backend_pid();
select locktype, relation::regclass, mode, granted from pg_locks where pid = pg_backend_pid() and relation = 'pg_locks'::regclass order by 1, 2, 3;
select typname, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typalign, typstorage, typcollation from pg_type where oid in (16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802) order by oid;
select typname, typarray::regtype, typelem::regtype from pg_type where oid in (23, 25, 1007, 1009) order by oid;
select oid, typname from pg_type where typname in ('int4', '_int4', 'unknown', 'record', 'void', 'any', 'regclass', 'oidvector') order by oid;
select castsource::regtype, casttarget::regtype, castcontext from pg_cast where castsource in (21, 23, 20) and casttarget in (21, 23, 20, 1700, 701) order by 1, 2;
select amname from pg_am where amname in ('heap', 'btree', 'hash') order by 1;
select collname, collencoding from pg_collation where collname in ('default', 'C', 'POSIX') order by 1, 2;
select nspname from pg_namespace where nspname in ('pg_catalog', 'pg_toast', 'information_schema', 'public') order by 1;
select extname, extversion from pg_extension;
select rolname, rolsuper from pg_authid where rolname = 'admin';
select usename, usesuper, usecreatedb from pg_user where usename = 'admin';
select spcname from pg_tablespace order by 1;
select conname, contype, condeferrable, conkey, confkey, confupdtype, confdeltype, confmatchtype from pg_constraint where connamespace = 'public'::regnamespace order by 1;
select attname, attnum, atttypid::regtype, attlen, atttypmod, attnotnull, atthasdef, attidentity, attgenerated, attisdropped from pg_attribute where attrelid = 'orders'::regclass order by attnum;
select relname, relkind, relnatts, relpersistence, relhasindex, relispartition, relreplident from pg_class where relnamespace = 'public'::regnamespace order by 1;
select i.indexrelid::regclass, i.indrelid::regclass, indnatts, indnkeyatts, indisunique, indisprimary, indkey, indoption, indimmediate, pg_get_expr(indpred, indrelid), pg_get_expr(indexprs, indrelid) from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace order by 1::text;
select adrelid::regclass, adnum, pg_get_expr(adbin, adrelid) from pg_attrdef order by 1::text, 2;
select deptype, count(*) > 0 from pg_depend where refobjid = 'customers'::regclass group by 1 order by 1;
select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'customers'::regclass order by 1;
select pg_get_indexdef('orders_note'::regclass), pg_get_indexdef('orders_c_n'::regclass, 1, false), pg_get_indexdef('orders_c_n'::regclass, 2, true);
select pg_get_viewdef('order_totals'), pg_get_viewdef('order_totals'::regclass, true), pg_get_viewdef('order_totals', 40);
select 'orders'::regclass, 'public.orders'::regclass, 'other.thing'::regclass, '"orders"'::regclass, 'orders'::regclass::text, 'orders'::regclass::oid > 0;
select 'Orders'::regclass;
select has_table_privilege('orders', 'select'), has_schema_privilege('public', 'create'), has_database_privilege('rustydb', 'connect'), has_column_privilege('orders', 'note', 'update');
select has_table_privilege('nosuch', 'select');
select pg_table_is_visible('orders'::regclass), pg_table_is_visible('other.thing'::regclass), pg_type_is_visible('int4'::regtype), pg_function_is_visible('now'::regproc);
select format_type(1043, 14), format_type(1700, 655366), format_type(23, null), format_type(1007, -1), format_type(1184, 3), format_type(1042, 7), format_type(0, null), format_type(99999, null), format_type(18, null);
select obj_description('orders'::regclass, 'pg_class'), col_description('orders'::regclass, 3), shobj_description(1, 'pg_database');
select pg_get_userbyid(10) is not null, pg_get_userbyid(99999), pg_encoding_to_char(6), current_setting('server_version_num')::int >= 150000;
select pg_relation_size('orders') >= 0, pg_total_relation_size('orders') >= 0, pg_database_size('rustydb') > 0, pg_size_pretty(1024::bigint), pg_size_pretty(1048576::bigint), pg_size_pretty(10::bigint);
select pg_get_keywords() is not null limit 1;
select oid::regclass, relname from pg_class where oid = 'orders'::regclass;
select c.relname, a.attname, t.typname from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid where c.relname = 'orders' and a.attnum > 0 order by a.attnum;
select * from pg_catalog.pg_class where relname = 'nosuch';
select version() like 'PostgreSQL 15%';
select inet_server_port() > 0, pg_postmaster_start_time() < now(), pg_conf_load_time() <= now();
drop table pg_class;
alter table pg_class add x int;
create table pg_temp.x (a int); select * from x; drop table pg_temp.x;
select current_database(), current_catalog, current_user = session_user;

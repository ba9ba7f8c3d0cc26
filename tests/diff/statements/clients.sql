-- What the drivers' own test suites, SQLAlchemy's and Django's asked that the other files do not.
create table tt (a int, b text, c int default 5, g int generated always as (a * 2) stored);
-- COPY: the errors of a line come in the order of its fields, and lines are counted with the header and those in quotes.
copy tt(a, b) from stdin (format csv, header);
f1,f2
1,"a
b
c"
x,2
\.
copy tt(a, b) from stdin (format csv, header);
f1,f2
1,"a
b
c"
2
\.
copy tt(a, b) from stdin (format text, header);
f1	f2
2	3
2	3	4
\.
copy tt(a, b) from stdin;
x
\.
copy tt(a, b) from stdin;
2	3

\.
copy tt(a, b) from stdin (format csv, quote 'Y', delimiter 'X', header);
f1Xf2

1XY1Y
\.
copy tt(a, b) from stdin where a > 1;
1	a
2	b
3	c
\.
select * from tt;
copy tt(a, b) from stdin where c = 5 and b <> 'c' and tt.a % 2 = 1;
1	a
2	b
3	c
\.
select * from tt;
copy tt(a, b) from stdin (format csv) where b is null;
10,x
11,
\.
select * from tt where b is null;
copy tt(a, b) from stdin where false;
1	a
\.
copy tt(a, b) from stdin where a + 1;
\.
copy tt(a, b) from stdin where sum(a) > 1;
\.
copy tt(a, b) from stdin where a in (select 1);
\.
copy tt(a, b) from stdin where zz > 1;
\.
copy tt(a, b) from stdin where g > 1;
\.
copy tt(a, b) from stdin where row_number() over () > 1;
\.
copy tt(a, b) from stdin where generate_series(1, 2) > 1;
\.
-- transactions that may be deferred
show transaction_deferrable;
begin deferrable;
show transaction_deferrable;
set transaction not deferrable;
show transaction_deferrable;
commit;
set default_transaction_deferrable = on;
show transaction_deferrable;
begin;
show transaction_deferrable;
set transaction_deferrable = no;
show transaction_deferrable;
commit and chain;
show transaction_deferrable;
rollback;
set session characteristics as transaction not deferrable;
show default_transaction_deferrable;
-- sessions
select pg_terminate_backend(123456);
select pg_cancel_backend(123456);
select pg_cancel_backend(pg_backend_pid());
-- session b
begin;
select pg_terminate_backend(pg_backend_pid());
-- session a
-- FOR UPDATE where there is nothing to lock
select 1 for update;
select a from (values (1), (2)) v(a) for update;
begin;
declare c cursor for select 1 for update;
fetch all from c;
commit;
-- storage options of an index
create index tt_b on tt (b) with (fillfactor = 50);
select relname, reloptions from pg_class where relname = 'tt_b';
-- ON CONFLICT with the predicate of a partial index, whose constant is a parameter
create table ic (a int, b int, c text, d int);
create unique index ic_b on ic (b) where c = 'x' and d > 0;
insert into ic values (1, 1, 'x', 1);
-- bind: 2 | x
insert into ic values ($1, 1, 'x', 1) on conflict (b) where c = $2 and d > 0 do update set a = excluded.a returning *;
-- bind: 3 | y
insert into ic values ($1, 1, 'x', 1) on conflict (b) where c = $2 and d > 0 do update set a = excluded.a returning *;
-- bind: 3 | x
insert into ic select v, 1, 'x', 1 from (values ($1::int)) s(v) on conflict (b) where d > 0 and c = $2::text do nothing;
insert into ic values (4, 1, 'x', 1) on conflict (b) where c = 'x' and d > 0 do update set a = excluded.a returning *;
insert into ic values (4, 1, 'x', 1) on conflict (b) where c = 'y' and d > 0 do update set a = excluded.a returning *;
-- COPY in a read-only transaction: temporary tables may be written
create temp table tmp (a int);
begin read only;
copy tmp from stdin;
1
\.
select * from tmp;
copy tt(a, b) from stdin;
1	x
\.
rollback;
-- the modes of constraints, and the checks that are due, are as before after ROLLBACK TO
create table sh(id int primary key, name text, constraint u_imm unique (name) deferrable initially immediate, shelf int);
begin;
insert into sh values (1,'s',0),(2,'m',1);
savepoint a;
update sh set name='m' where id=1;
rollback to a;
select * from sh;
savepoint b;
insert into sh values (3, 's', 2);
rollback to b;
set constraints u_imm deferred;
update sh set name='m' where id=1;
update sh set name='s' where id=2;
set constraints u_imm immediate;
update sh set name='m' where id=2;
rollback;
begin;
set constraints all deferred;
insert into sh values (1,'s',0),(2,'m',1);
rollback;
begin;
insert into sh values (1,'s',0),(2,'m',1);
update sh set name='m' where id=1;
rollback;
begin;
savepoint a;
insert into sh values (1,'s',0),(2,'m',1);
release a;
savepoint a;
set constraints all immediate;
set constraints all deferred;
rollback to a;
update sh set name='m' where id=1;
rollback;
begin;
savepoint a;
insert into sh values (1,'s',0);
release a;
savepoint a;
insert into sh values (2,'m',1);
release a;
savepoint a;
savepoint b;
update sh set name='m' where id=1;
rollback;
drop table sh;
create table par (a int primary key);
create table chi (a int references par deferrable initially deferred);
begin;
insert into chi values (1);
savepoint a;
insert into par values (1);
set constraints all immediate;
rollback to a;
commit;
begin;
insert into chi values (1);
savepoint a;
insert into par values (1);
set constraints all immediate;
insert into chi values (2);
rollback to a;
insert into par values (1);
set constraints all immediate;
commit;
select * from chi;
-- operator classes in the catalog
create table oc (a varchar(10), b int, c text);
create index oc1 on oc (a varchar_pattern_ops);
create index oc2 on oc (c text_pattern_ops desc, b);
create index oc3 on oc (c text_ops, b int4_ops);
create index oc4 on oc using hash (c text_pattern_ops);
select c.relname, o.opcname, o.oid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_opclass o on o.oid = any(i.indclass) where i.indrelid = 'oc'::regclass order by 1, 2;
-- SQL_ASCII converts nothing
set client_encoding = sql_ascii;
show client_encoding;
select 'naïve' as "ï", pg_client_encoding();
set client_encoding to default;
set client_encoding = nosuch;
-- parameters of type void are left out of a call's arguments
-- bind: NULL | x
select upper($1::void, $2);
-- bind: NULL
select now($1::void) is not null;
select upper(null::void, 'x');

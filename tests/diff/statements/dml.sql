-- INSERT, UPDATE, DELETE, COPY.
create table t (id int primary key, name text default 'anon', n int, unique (name, n));
insert into t values (1, 'a', 10);
insert into t values (2, 'b', 20), (3, 'c', 30);
insert into t (id, n) values (4, 40);
insert into t (n, id) values (50, 5) returning id, name, n * 2 as twice;
insert into t default values;
insert into t values (6);
insert into t values (7, default, default) returning *;
insert into t (id) select max(id) + 1 from t returning id;
insert into t values (1, 'dup', 1);
insert into t values (1, 2, 3, 4);
insert into t (id, name) values (1);
insert into t (id) values (1, 2);
insert into t (id, id) values (1, 2);
insert into t (nosuch) values (1);
insert into nosuch values (1);
insert into t values ('x');
insert into t values (1.6, 'rounded', 1);
insert into t values ('11', 12, '13') returning *;
insert into t values (12, 'a', 10);
insert into t values (99999999999, 'a', 10);
insert into t (id) values (null);
insert into t (id, name) values (13, 'x'), (14, default), (15, null) returning *;
insert into t (id, name) values (16, 'x'), (17);
insert into t (id) values (20) returning nosuch;
insert into t (id) values (20) returning *, id + 1 as next, 'c' as const;
insert into t as x (id) values (21) returning x.id;
insert into t (id) values (21) on conflict do nothing;
insert into t (id) values (21) on conflict (id) do nothing returning id;
insert into t (id, n) values (21, 5) on conflict (id) do update set n = excluded.n returning *;
insert into t (id, n) values (21, 5), (22, 6) on conflict (id) do update set n = t.n + excluded.n, name = 'upd' returning id, n, name;
insert into t (id, n) values (21, 5) on conflict (id) do update set n = 0 where t.n > 100 returning id;
insert into t (id, n) values (21, 5) on conflict on constraint t_pkey do update set n = 1 returning n;
insert into t (id, n) values (21, 5) on conflict on constraint nosuch do nothing;
insert into t (id, n) values (21, 5) on conflict (n) do nothing;
insert into t (id, n) values (21, 5) on conflict (nosuch) do nothing;
insert into t (id, n) values (21, 5) on conflict do update set n = 1;
insert into t (id, n) values (30, 5), (30, 6) on conflict (id) do update set n = excluded.n;
insert into t (id, n) values (30, 5), (30, 6) on conflict (id) do nothing returning id;
insert into t (id, name, n) values (31, 'a', 10) on conflict (id) do nothing;
insert into t (id, name, n) values (31, 'a', 10) on conflict (name, n) do update set n = t.n + 1 returning *;
insert into t (id, n) values (21, 5) on conflict (id) do update set id = 1;
insert into t (id, n) values (21, 5) on conflict (id) do update set n = n + 1;
insert into t (id, n) values (21, 5) on conflict (id) do update set n = (select max(id) from t) returning n;
insert into t (id, n) values (21, 5) on conflict (id) do update set (n, name) = (excluded.n, 'row') returning n, name;
with src as (select 40 as id, 'cte' as name) insert into t (id, name) select * from src returning *;
insert into t (id, name) (values (41, 'p'));
insert into t (id, name) select id + 100, name from t where id < 3 order by id returning id;
insert into t table t order by id;
select count(*) from t;
update t set n = 1 where id = 1;
update t set n = n + 1, name = upper(name) where id < 4 returning *;
update t set n = default, name = default where id = 4 returning *;
update t set (n, name) = (7, 'multi') where id = 5 returning *;
update t set (n, name) = (select 8, 'sub') where id = 5 returning *;
update t set (n, name) = row(9, 'row') where id = 5 returning *;
update t set n = 0 where false;
update t set nosuch = 1;
update t set n = 1, n = 2;
update t set n = 'x';
update t set id = 1 where id = 2;
update t set id = id + 1000 where id in (1, 2) returning id;
update t set id = id - 1000 where id > 1000;
update t set id = null where id = 1;
update t x set n = 5 where x.id = 1 returning x.*;
update t set t.n = 5 where id = 1;
update t set n = s.v from (values (1, 100), (2, 200)) s(id, v) where t.id = s.id returning t.id, n, v;
update t set n = o.n from t o where o.id = t.id + 1 and t.id = 1 returning t.id, t.n, o.id;
update t set n = u.n from nosuch u;
update t set n = (select count(*) from t) where id = 1 returning n;
update t set n = n where id = (select max(id) from t) returning 1;
update nosuch set a = 1;
update only t set n = 3 where id = 3;
with x as (update t set n = 77 where id = 3 returning id) select id from x;
delete from t where id = 5 returning *;
delete from t where id > 1000;
delete from t using (values (7), (8)) d(id) where t.id = d.id returning t.id;
delete from t x where x.id = 10;
delete from t where nosuch = 1;
delete from nosuch;
delete from t where id in (select id from t where n is null) returning id;
select * from t order by id;
delete from t;
create table cp (a int, b text, c date);
copy cp from stdin;
1	one	2020-01-01
2	\N	\N
3	tab\there	2020-02-02
\.
select * from cp order by a;
copy cp (a, b) from stdin;
4	only two
\.
copy cp from stdin csv;
5,"quoted, comma",2020-03-03
6,"say ""hi""",
7,,2020-01-01
\.
copy cp from stdin (format csv, header, delimiter ';', null 'NULL');
a;b;c
8;NULL;NULL
\.
select * from cp order by a;
copy cp to stdout;
copy cp (a, c) to stdout csv header;
copy (select a, b from cp where a < 4 order by a) to stdout (format csv, force_quote *);
copy (select a, b from cp order by a desc) to stdout with delimiter '|' null 'nil';
copy (select 1, 'a b', null, E'x\ty\\z\n') to stdout;
copy (values (1, 'a'), (2, null)) to stdout csv;
copy (select true, 1.50, date '2020-01-01', array[1,2], '{"a":1}'::jsonb, '\x01'::bytea) to stdout;
copy cp from stdin;
x	one	2020-01-01
\.
copy cp from stdin;
9
\.
copy cp from stdin;
9	a	2020-01-01	extra
\.
copy cp from stdin;
9	a	notadate
\.
copy cp from stdin csv;
9,"unterminated,2020-01-01
\.
copy nosuch from stdin;
copy cp (nosuch) from stdin;
copy cp to '/tmp/x' (format nosuch);
copy cp (a) from stdin (delimiter 'ab');
copy cp from stdin where a > 100;
1	no	\N
101	yes	\N
\.
select * from cp order by a;
copy cp from stdin (format csv, quote '''', escape '\');
200,'it\'s',
\.
select * from cp where a = 200;
copy cp from stdin;

\.
copy (insert into cp values (300, 'ret', null) returning *) to stdout;
copy (delete from cp where a = 300) to stdout;
create table defs (a serial, b int default 5, c text);
copy defs (c) from stdin;
x
y
\.
select * from defs order by a;
create table ty (b boolean, i2 int2, i8 int8, n numeric(5,2), f float8, ch char(3), v varchar(3), by bytea, d date, t time, ts timestamp, tz timestamptz, iv interval, u uuid, j json, jb jsonb, ar int[]);
insert into ty values (true, 1, 2, 3.456, 4.5, 'a', 'b', '\x01', '2020-01-01', '10:00', '2020-01-01 10:00', '2020-01-01 10:00+00', '1 day', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{"a": 1}', '{1,2}') returning *;
select * from ty;
insert into ty (ch) values ('abcd');
insert into ty (ch) values ('abc   ') returning ch, length(ch);
insert into ty (v) values ('abc   ') returning v, length(v);
insert into ty (n) values (1000);
insert into ty (i2) values (32768);
insert into ty (i2) values (1.5), (2.5) returning i2;
insert into ty (b) values ('yes'), ('off'), (1::boolean) returning b;
insert into ty (b) values (1);
insert into ty (d) values ('2020-01-01 10:00') returning d;
insert into ty (d) values (timestamp '2020-01-01 10:00') returning d;
insert into ty (t) values (timestamp '2020-01-01 10:00') returning t;
insert into ty (ts) values (date '2020-01-01') returning ts;
insert into ty (iv) values (time '10:00') returning iv;
insert into ty (f) values ('nan'), ('inf'), (1) returning f;
insert into ty (ar) values (array[1,2]), ('{}'), (null), (array[null, 1]::int[]) returning ar;
insert into ty (ar) values ('{a}');
insert into ty (ar) values (array['1']);
insert into ty (u) values ('bad');
insert into ty (j) values ('bad');
insert into ty (jb) values ('"str"'), ('[1, {"b": 2}]'), ('null') returning jb, jb is null;
insert into ty (by) values ('abc'), ('\xff') returning by;
insert into ty (i8) values ('9223372036854775807') returning i8;
insert into ty (v) values (12345);
insert into ty (v) values (123) returning v;
insert into ty (i2) values ('12abc');
update ty set ar[1] = 10, ar[3] = 30 where ar = '{1,2}' returning ar;
update ty set ar = ar || 5 where ar[1] = 10 returning ar;
merge into t using (values (1, 'm')) s(id, name) on t.id = s.id when matched then update set name = s.name when not matched then insert (id, name) values (s.id, s.name);

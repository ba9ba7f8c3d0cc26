-- Parameters: their types by context, their values, and what Describe says.
create table t (id int primary key, b varchar(5), n numeric(6,2), d date, ts timestamptz, ar int[], j jsonb, bo boolean, i2 int2, i8 int8, f float4);
insert into t values (1, 'one', 1.5, '2020-01-01', '2020-01-01 00:00+00', '{1,2}', '{"a":1}', true, 2, 8, 0.5), (2, null, null, null, null, null, null, null, null, null, null);
-- bind: 1
select $1::int;
-- bind: 1
select $1;
-- bind: abc
select $1::text, $1;
-- bind: NULL
select $1::int is null;
-- bind: 1 | 2
select $1 + $2::int;
-- bind: 1 | 2
select $1 + $2;
-- bind: 1
select 1 + $1;
-- bind: 1.5
select 1 + $1;
-- bind: 1.5
select 1.0 + $1;
-- bind: x
select 'a' || $1;
-- bind: a | b
select $1 || $2;
-- bind: 1
select * from t where id = $1;
-- bind: x
select * from t where id = $1;
-- bind: 99999999999
select * from t where id = $1;
-- bind: one
select id from t where b = $1;
-- bind: 1.50
select id from t where n = $1;
-- bind: 2020-01-01
select id from t where d = $1;
-- bind: 2020-01-01 01:00+01
select id from t where ts = $1;
-- bind: {1,2}
select id from t where ar = $1;
-- bind: 2
select id from t where $1 = any(ar);
-- bind: {1,3}
select id from t where id = any($1) order by id;
-- bind: {1,3}
select id from t where id = any($1::int[]) order by id;
-- bind: {"a":1}
select id from t where j @> $1;
-- bind: a
select j -> $1, j ->> $1 from t where id = 1;
-- bind: true
select id from t where bo = $1;
-- bind: true
select id from t where $1 order by id;
-- bind: 2
select id from t where i2 = $1;
-- bind: 8
select id from t where i8 = $1;
-- bind: 0.5
select id from t where f = $1;
-- bind: 1 | 2
select id from t where id in ($1, $2) order by id;
-- bind: 1 | 2
select id from t where id between $1 and $2 order by id;
-- bind: o%
select id from t where b like $1;
-- bind: 1
select id from t order by id limit $1;
-- bind: 1 | 1
select id from t order by id limit $1 offset $2;
-- bind: x
select id from t limit $1;
-- bind: 5 | five | 5.55
insert into t (id, b, n) values ($1, $2, $3) returning *;
-- bind: 6 | toolong
insert into t (id, b) values ($1, $2) returning 1;
-- bind: 7 | NULL
insert into t (id, b) values ($1, $2) returning id, b;
-- bind: 5
insert into t (id) values ($1);
-- bind: new | 5
update t set b = $1 where id = $2 returning b;
-- bind: 1 | 5
update t set n = n + $1 where id = $2 returning n;
-- bind: 5
delete from t where id = $1 returning id;
-- bind: 1 | a
select case when $1 = 1 then $2 else 'x' end;
-- bind: a | b
select coalesce($1, $2);
-- bind: 1
select coalesce($1, 5);
-- bind: 1
select greatest($1, 2.5);
-- bind: a
select upper($1), length($1);
-- bind: 1
select abs($1);
-- bind: 1
select abs($1::int), $1 + 0;
-- bind: 3
select g from generate_series(1, $1) g;
-- bind: 3
select g from generate_series(1, $1::int) g;
-- bind: 2020-01-01
select $1::date + 1, $1::date::text;
-- bind: 1 day
select now() - $1 is not null;
-- bind: 1 day
select date '2020-01-01' + $1::interval;
-- bind: 5
select date '2020-01-01' + $1;
-- bind: 1 | 2
values ($1::int, $2), (3, 'x');
-- bind: 1 | x
select * from (values ($1::int, $2::text)) v(a, b);
-- bind: 1
select (select $1::int + id from t where id = 1);
-- bind: 1
with x as (select $1::int as a) select a + 1 from x;
-- bind: 1
select $1::int union select 2 order by 1;
-- bind: 1
select $1 union select 2 order by 1;
-- bind: a
select array[$1, 'b'];
-- bind: 1
select array[$1::int, 2];
-- bind: 1 | 2
select row($1::int, $2::text);
-- bind: 1
select $1::int, $1::text;
-- bind: 1
select $2::int;
-- bind: 1 | 2
select $2::int;
-- bind: 1 | 2
select $1::int;
-- bind: 1
select 1;
-- bind:
select 1;
-- bind:
select $1::int;
-- bind: 1
select $0;
-- bind: 1
select 1; select 2;
-- bind:
;
-- bind:
create table made (a int);
-- bind: 1
create table made2 (a int default $1);
-- bind:
insert into made values (1), (2);
-- bind:
begin;
-- bind:
commit;
-- bind:
show search_path;
-- bind:
set application_name to 'x';
-- bind: x
set application_name to $1;
-- bind:
explain (costs off) select 1;
-- bind: 1
prepare p as select $1::int;
-- bind: 1
execute p($1);
-- bind:
execute p(1);
-- bind:
deallocate p;
-- bind:
select * from nosuch;
-- bind:
selec 1;
-- bind: x
select $1::int;
-- bind: 2020-13-01
select $1::date;
-- bind: nosuch
select $1::regclass;
-- bind: t
select $1::regclass;
-- bind: t
select $1::regclass::oid > 0;
-- bind: true
select $1 and true;
-- bind: 1
select $1 is null;
-- bind: x
select $1 is not distinct from 'x';
-- bind: 1
select $1 = 1, $1 = 1.5;
-- bind: 1
select nullif($1, 1);
-- bind: \x0102
select $1::bytea;
-- bind: abc
select $1::char(2), $1::varchar(2), $1::name;
-- bind: 1.239
select $1::numeric(5,2);
-- bind: t
select $1::"char";
-- bind: UTC
select timestamptz '2020-01-01 00:00+00' at time zone $1;
-- bind: year
select extract(year from date '2020-01-01'), date_part($1, date '2020-01-01'), date_trunc($1, timestamp '2020-05-05');
-- bind: , | a
select string_agg(b, $1 order by id), concat_ws($1, $2, 'b') from t;
-- bind: a,b | ,
select string_to_array($1, $2), split_part($1, $2, 1);
-- bind: {"a": 1}
select $1::jsonb -> 'a', $1::json;
-- bind: %s-%s | 1
select format($1, $2, 'x');
-- bind: 5
select count(*) from t having count(*) < $1;
-- bind: 1
select id + $1 as k, count(*) from t group by id + $1 order by 1;
-- bind: 1
select id + $1 as k, count(*) from t group by k order by 1;
-- bind: 1
select row_number() over (order by id) + $1 from t order by 1;
-- bind: 1
select lag(id, $1) over (order by id) from t order by id;
-- bind: 3
select id from t where id <> all(array[$1, 4]) order by id;
-- bind: 1 | 2
select id from t where (id, id) = ($1, $2);
-- bind: 1 | one
select id from t where (id, b) in (($1, $2));
-- bind: a
select $1 collate "C" < 'b';
-- bind: 2
copy (select $1::int) to stdout;
-- bind: 10
declare c cursor with hold for select g from generate_series(1, $1::int) g;
fetch 2 from c;
close c;

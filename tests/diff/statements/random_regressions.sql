-- What the random test found, made small: python -m tests.diff.random.
create table arrays (a text[], i int[]);
insert into arrays values ('{}', '{}'), ('{a,NULL}', '{2,1}'), (null, null);
select '{}'::text[] <> all (select '{}'::text[]);
select a, a in (select a from arrays where a is not null), i not in (select i from arrays where i is not null) from arrays order by 1;
select i from arrays where i in (select i from arrays) order by 1;
select i from arrays where i >= all (select i from arrays where i is not null) order by 1;
select (('{1,2,3}'::int[])[1:2])[1], ('{1,2,3}'::int[])[1:2][1], (('{{1,2},{3,4}}'::int[])[1:2])[2:2][1:1];
select (('{a,b}'::text[])[1])[1];
-- each F: rank | dense_rank | percent_rank | cume_dist
select {F}(2) within group (order by x), {F}(2, 'b') within group (order by x desc, y nulls first) from (values (1, 'a'), (2, 'b'), (2, null), (null, 'b'), (4, 'c')) v (x, y);
select y, rank('b') within group (order by x), cume_dist('b') within group (order by x desc nulls last) filter (where x <> 'c') from (values ('a', 1), (null, 1), ('b', 2), ('c', 2), ('b', 1)) v (x, y) group by y order by y;
select rank(null::int) within group (order by x), percent_rank(1) within group (order by x) from (values (1)) v (x) where false;
select rank(1, 2) within group (order by 1);
select rank() within group (order by 1);
select rank(1) over ();
select rank(1);
select rank('a'::text) within group (order by 1);
select rank(x) within group (order by 1) from (values (1)) v (x);
select aggfnoid, aggkind from pg_aggregate where aggkind = 'h' order by 1;
create table flat (id int primary key, a timetz[], n numeric(6,2)[], p interval[]);
insert into flat values (1, '{12:00:00+00,13:00:00+02}', '{{1.5,2},{3,4.25}}', '{1 day,2 days}'), (2, '{}', '{}', '{}'), (3, null, null, null);
select id, a[1], a[2], a[1:1], n[1][2], n[2:2], p[1] from flat order by id;
select id from flat where '12:00:00+00'::timetz = any (a);
select id from flat where '12:00:00+00'::timetz = all (a) order by id;
select id from flat where 3 = any (n);
select '12:00:00+00'::timetz in ('13:00:00+02', '12:00:00+00'), '12:00:00+00'::timetz = any ('{13:00:00+02,12:00:00+00}'::timetz[]);
select a::text[], n::int[], a::time[] from flat order by id;
select row(1, 2) = any (array[row(1, 2), row(3, 4)]), row(1, 2) = all (array[row(1, 2), row(3, 4)]), (array[row(1, 2), row(3, 4)])[2];

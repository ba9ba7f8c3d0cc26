-- Operators over types.
-- each O: + | - | * | / | % | = | <> | < | <= | > | >=
-- each A: 7::int2 | 7::int4 | 7::int8 | 7.5::numeric | 7.5::float4 | 7.5::float8 | null::int4
-- each B: 2::int2 | 2::int4 | 2::int8 | 2.5::numeric | 2.5::float8
select {A} {O} {B};
-- each O: + | - | * | /
-- each T: int2 | int4 | int8 | numeric | float4 | float8
select 1::{T} {O} 0::{T};
-- each T: int2 | int4 | int8 | numeric
select 5::{T} % 0::{T};
-- each T: int2 | int4 | int8 | numeric | float4 | float8
select -5::{T}, + 5::{T}, @ (-5)::{T}, abs((-5)::{T}), sign((-5)::{T}::float8), (-7)::{T} / 2::{T};
select 32767::int2 + 1::int2;
select -32768::int2;
select (-32768)::int2 * (-1)::int2;
select 2147483647 + 1;
select (-2147483648) / (-1);
select (-2147483648) % (-1);
select 9223372036854775807 + 1;
select 9223372036854775807 * 2;
select (-9223372036854775808) / (-1);
select -(-9223372036854775808)::int8;
select -7 / 2, -7 % 2, 7 / -2, 7 % -2, -7.0 / 2, -7.0 % 2;
select 2 ^ 10, 2 ^ 0.5, 2.0 ^ 10, 2 ^ -1, (-8) ^ (1.0/3);
select |/ 25, ||/ 27, |/ (-1);
select 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, -16 >> 2, 5::int2 & 3::int2, ~5::int8;
select 1.0 / 3, 2.0 / 3, 10.0 / 3, 1 / 3.0, 100000.0 / 7, 1e20 / 3, 1e-10 / 3;
select 1.10 + 2.2, 1.10 * 2.20, 0.1 + 0.2, 0.1::float8 + 0.2::float8;
select 1e308::float8 * 10;
select 1e-308::float8 / 1e10;
select 3e38::float4 * 10;
select 'a' || 'b', 'a' || 1, 1 || 'a', 1.5 || 'x', null || 'a', 'a' || true;
select 1 || 2;
select 'a' + 'b';
select 'a' + 1;
select 1 + 'a';
select 1 + '2', '3' * 2, '7' / 2.0;
select 'a' = 1;
select 1 = true;
select 1 = '1', 1.0 = 1, 'a' = 'a ', 'a'::char(2) = 'a'::char(5);
-- each O: = | <> | < | <= | > | >=
-- each P: 'a', 'b' | 'a', 'a' | 'A', 'a' | '', 'a' | null, 'a' | 'é', 'z' | 'ab', 'a'
select (array[{P}])[1] {O} (array[{P}])[2];
-- each O: = | <> | < | <= | > | >=
-- each T: boolean 't', boolean 'f' | date '2020-01-01', date '2020-02-01' | time '10:00', time '9:00' | interval '1 month', interval '30 days' | uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', uuid 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' | bytea '\x00', bytea '\x01' | jsonb '{"a":1}', jsonb '{"a":2}' | 'NaN'::float8, 1::float8 | 'NaN'::numeric, 'NaN'::numeric | timestamp '2020-01-01', timestamp 'infinity'
select x {O} y from (select {T}) t(x, y);
select json '1' = json '1';
select 1 < 2 < 3;
select 1 between 0 and 2, 1 not between 2 and 3, 1 between symmetric 3 and 0, null between 1 and 2;
select 1 in (1, 2), 3 in (1, 2), null in (1), 1 in (null, 1), 1 in (null, 2), 1 not in (2, null), 1 not in (1);
select 'a' in ('a', 'b'), 1 in (1.0, 2.5), 1 in ('1', '2');
select 1 in (1, 'x');
select 1 is distinct from null, null is distinct from null, 1 is not distinct from 1, 1 is distinct from 2;
select null is null, 1 is null, 1 is not null, row(1, null) is null, row(1, null) is not null, row(null, null) is null;
select true is true, null is true, false is not true, null is unknown, true is not unknown, null is false;
select 1 is true;
select not 1;
select 1 and true;
select 'abc' like 'a%', 'abc' like '_b_', 'abc' like 'A%', 'abc' ilike 'A%', 'abc' not like 'x%', null like 'a';
select 'a%c' like 'a\%c', 'a%c' like 'a!%c' escape '!', 'abc' like 'a\%c', 'a\c' like 'a\\c', 'abc' like '';
select 'abc' like 'abc\';
select 'abc' like 'a' escape 'xx';
select 'abc' similar to 'a(b|x)c', 'abc' similar to 'a', 'abc' similar to '%b%', 'abc' not similar to '_+';
select 'abc' ~ '^a', 'abc' ~ 'B', 'abc' ~* 'B', 'abc' !~ 'x', 'abc' !~* 'B';
select 'abc' ~ '(';
select 'abc' ~~ 'a%', 'abc' !~~ 'a%', 'abc' ~~* 'A%', 'abc' !~~* 'A%';
select 'abc' ^@ 'ab', starts_with('abc', 'b');
select 'a' collate "C" < 'B' collate "C";
select 'a' collate "nosuch";
select array[1,2] = array[1,2], array[1,2] < array[1,3], array[1,2] || array[3], array[1,2] || 3, 0 || array[1,2];
select array[1,2] @> array[1], array[1] <@ array[1,2], array[1,2] && array[2,3], array[1,null] = array[1,null];
select array[1,2] || null, array[1,2] || array[]::int[], array[1] || 'x';
select 1 = any(array[1,2]), 3 = any(array[1,2]), 1 = all(array[1,1]), 1 < all(array[2,3]), 1 = any(array[null,1]), 2 = any(array[null,1]);
select 1 = any('{1,2}'), 'a' = any('{a,b}'), 1 = any(null);
select 1 = any(1);
select (array[1,2,3])[2], (array[1,2,3])[0], (array[1,2,3])[2:3], (array[1,2,3])[:2], (array[[1,2],[3,4]])[2][1], (array[[1,2],[3,4]])[2:2];
select ('{1,2,3}'::int[])[1], (array['a','b'])[1];
select (1)[1];
select date '2020-01-31' + 1, date '2020-01-31' - 1, date '2020-03-01' - date '2020-02-01', 1 + date '2020-01-31';
select date '2020-01-31' + interval '1 month', date '2020-01-31' + time '10:00', timestamp '2020-01-31 10:00' + interval '1 month -1 day';
select timestamp '2020-03-01' - timestamp '2020-02-01 12:00', timestamptz '2020-03-01 00:00+00' - timestamptz '2020-02-01 12:00+00';
select time '10:00' + interval '15 hours', time '10:00' - time '12:00', time '10:00' - interval '11 hours';
select interval '1 day' * 2, interval '1 month' / 2, 2 * interval '1 hour', interval '1 day' + interval '1 hour', - interval '1 day', interval '1 month' * 1.5;
select interval '1 day' / 0;
select date '2020-01-01' + date '2020-01-01';
select date '2020-01-01' = '2020-01-01', timestamp '2020-01-01' = date '2020-01-01', timestamptz '2020-01-01 00:00+00' > date '2019-01-01';
select date 'infinity' + 1, date 'infinity' > date '9999-01-01', timestamp 'infinity' - timestamp '2020-01-01';
select timestamp '2020-01-01 10:00' at time zone 'UTC', timestamptz '2020-01-01 10:00+00' at time zone 'America/New_York', timestamp '2020-07-01 10:00' at time zone 'Europe/Berlin';
select timestamp '2020-01-01' at time zone 'nosuch/zone';
select time '10:00' at time zone 'UTC' is not null;
select timestamptz '2020-01-01 10:00+00' at time zone interval '2 hours', timestamptz '2020-01-01 10:00+00' at time zone '+03';
select (date '2020-01-01', date '2020-02-01') overlaps (date '2020-01-15', date '2020-03-01');
select jsonb '{"a":{"b":[1,2]}}' -> 'a' -> 'b' -> 0, jsonb '{"a":1}' ->> 'a', jsonb '[1,2]' -> -1, jsonb '{"a":1}' -> 'b', jsonb '{"a":{"b":2}}' #> '{a,b}', jsonb '{"a":{"b":2}}' #>> '{a,b}';
select json '{"a":{"b":[1,2]}}' -> 'a', json '{"a": "x"}' ->> 'a', json '[1, 2]' -> 1, json '[1,2]' ->> 5;
select jsonb '{"a":1}' @> '{"a":1}', jsonb '{"a":1}' <@ '{"a":1,"b":2}', jsonb '{"a":1}' ? 'a', jsonb '{"a":1}' ?| array['x','a'], jsonb '{"a":1}' ?& array['x','a'];
select jsonb '{"a":1}' || '{"b":2}', jsonb '[1]' || '2', jsonb '{"a":1,"b":2}' - 'a', jsonb '[1,2,3]' - 1, jsonb '{"a":{"b":1}}' #- '{a,b}', jsonb '{"a":1,"b":2}' - array['a','b'];
select jsonb '1' - 'a';
select bytea '\x01' || bytea '\x02', bytea '\x0102' = '\x0102', length(bytea '\x0102');
select 1 <=> 2;
select 1 !! 2;
select @@ 5;
select 5 !;
select operator(pg_catalog.-) 5, 3 operator(pg_catalog.+) 4;
select 3 operator(nosuch.+) 4;

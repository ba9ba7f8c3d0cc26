-- Every cast between the common types, with values and NULL.
-- each S: int2 | int4 | int8 | numeric | float4 | float8 | text | varchar | bpchar | boolean | oid
-- each T: int2 | int4 | int8 | numeric | float4 | float8 | text | varchar | bpchar | boolean | oid | name | "char"
select '1'::{S}::{T};
-- each S: date | time | timetz | timestamp | timestamptz | interval
-- each T: date | time | timetz | timestamp | timestamptz | interval | text | int4
select null::{S}::{T};
-- each V: '2020-02-29 13:14:15.678901'::timestamp | '2020-02-29 13:14:15.678901+00'::timestamptz | '2020-02-29'::date | '13:14:15.678901'::time | '13:14:15.678901+02'::timetz | '1 day 02:03:04'::interval
-- each T: date | time | timetz | timestamp | timestamptz | interval | text | varchar(4) | timestamp(0) | timestamptz(2) | time(1) | interval(0)
select {V}::{T};
-- each V: '[1,2]' | '{"a": [1, null, "x"]}' | '"s"' | '1.50' | 'true' | 'null' | '' | '{' | '[1,]' | 'nul'
-- each T: json | jsonb
select '{V}'::{T};
select '{"a":1}'::json::jsonb, '{"a":1}'::jsonb::json, '{"b":1, "a":2, "b":3}'::jsonb;
-- each T: int4 | numeric | float8 | boolean | text | int2 | int8
select '1'::jsonb::{T};
-- each T: int4 | numeric | boolean | text
select '"x"'::jsonb::{T};
select 'true'::jsonb::boolean;
-- each V: 32767 | 32768 | -32768 | -32769 | 2147483647 | 2147483648 | 9223372036854775807 | 0.5 | 1.5 | 2.5 | -0.5 | -1.5 | 'NaN' | 'Infinity'
-- each T: int2 | int4 | int8 | float4 | float8
select '{V}'::numeric::{T};
-- each V: 32767.4 | 32767.6 | 0.5 | 1.5 | 2.5 | -0.5 | -2.5 | 1e10 | 1e20 | NaN | -Infinity
-- each T: int2 | int4 | int8 | numeric | float4 | text
select '{V}'::float8::{T};
-- each V:   12   | +5 | -7 | 1.0 | 1e2 | abc | 0x1f | 99999 | 99999999999 | 99999999999999999999 | 1 2
-- each T: int2 | int4 | int8 | numeric | float8
select '{V}'::{T};
select ''::int4;
select ''::numeric;
select ''::float8;
-- each V: t | f | true | FALSE | yes | no | on | off | 1 | 0 | tr | o | y | n | 2 | 
select '{V}'::boolean;
select true::text, false::int, true::int, 2::boolean, 0::boolean;
select true::varchar(2), true::char(2);
select 1::char(5), 123::varchar(2), 'abc'::char(2), 'ab'::char(4) || 'x';
select length('ab '::char(5)), octet_length('ab'::char(5)), 'ab'::char(5) = 'ab   ';
select 'abc  '::char(5)::text, 'abc'::char(5)::varchar || '|';
select 65::"char", 'A'::"char"::int, 'é'::"char";
select 'abc'::bytea, 'abc'::text::bytea, '\x616263'::bytea::text;
select 123::text::int, 1.5::text::numeric, 1.5::float8::text;
-- each V: 0.1 | 1e-5 | 123456789.123 | 1e15 | 1e16 | 1.5e300 | 4.9e-324 | 0.30000000000000004 | 100 | 1e21 | 12345678901234567890
select '{V}'::float8, '{V}'::float8::text, '{V}'::float8::numeric;
-- each V: 0.1 | 1e-5 | 1234567.1 | 1e6 | 1e7 | 3.4e38 | 1.4e-45 | 16777216 | 16777217
select '{V}'::float4, '{V}'::float4::float8, '{V}'::float4::text;
select array[1,2]::text[], array['1','2']::int[], '{1,2}'::text::int[], array[1,2]::text;
select array[1.5,2.5]::int[], array[1,2]::varchar(1)[];
select array['a']::int[];
select 1::int[];
select row(1,2)::text;
select 'a0eebc999c0b4ef8bb6d6bb9bd380a11'::uuid, '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'::uuid::text;
select 'a0eebc99'::uuid;
select 1::uuid;
select '1'::bit(3), B'101'::int, 5::bit(4), B'1010'::bit(2), 5::bit varying;
select '192.168.0.1'::inet;
select '2020-01-01'::date::int;
select 1::date;
select 1::interval;
select '1'::interval, '1 mon'::interval, 'P1Y2M3DT4H5M6S'::interval, '1-2 3 4:05:06'::interval, '-1 day ago'::interval;
select cast(null as int) + 1, cast('a' as char), cast('abc' as char), cast(1.7 as int);
select 1::money;
select '12:00'::time::interval, '36:00'::interval::time;
select '1'::regclass, 'pg_type'::regclass::oid, 1247::regclass, 0::regclass, '-'::regclass;
select 'lower(text)'::regprocedure, 'now'::regproc;
select 'nosuch'::regproc;
select 23::regtype, 'integer'::regtype, 'varchar(10)'::regtype, 'int4[]'::regtype;
select to_regclass('pg_class'), to_regclass('nosuch'), to_regtype('int4'), to_regtype('nosuch');

-- JSON functions.
-- each T: json | jsonb
select '{"a": [1, 2.50, {"b": null}], "c": "x\u0041\n", "d": true}'::{T}, '[]'::{T}, '{}'::{T}, ' [1 , 2 ] '::{T};
-- each T: json | jsonb
select {T}_array_length('[1,2,3]'), {T}_typeof('[1]'), {T}_typeof('null'), {T}_typeof('1.5'), {T}_typeof('"x"'), {T}_typeof('true'), {T}_typeof('{}');
-- each T: json | jsonb
select {T}_array_length('{"a":1}');
-- each T: json | jsonb
select * from {T}_each('{"a": 1, "b": [1]}');
-- each T: json | jsonb
select * from {T}_each_text('{"a": 1, "b": null, "c": "x"}');
-- each T: json | jsonb
select * from {T}_array_elements('[1, "a", null, {"x": 1}]');
-- each T: json | jsonb
select * from {T}_array_elements_text('[1, "a", null]');
-- each T: json | jsonb
select {T}_object_keys('{"b": 1, "a": 2}');
-- each T: json | jsonb
select {T}_object_keys('[1]');
-- each T: json | jsonb
select {T}_extract_path('{"a": {"b": 2}}', 'a', 'b'), {T}_extract_path_text('{"a": {"b": "x"}}', 'a', 'b');
-- each T: json | jsonb
select {T}_build_object('a', 1, 'b', null, 'c', array[1,2], 'd', true, 'e', date '2020-01-01'), {T}_build_array(1, 'a', null, 2.5, row(1, 'x')), {T}_build_object(), {T}_build_array();
-- each T: json | jsonb
select {T}_build_object('a');
-- each T: json | jsonb
select {T}_build_object(null, 1);
-- each T: json | jsonb
select {T}_strip_nulls('{"a": null, "b": {"c": null}, "d": [null]}'), {T}_object('{a,1,b,2}'), {T}_object('{a,b}', '{1,2}');
select to_json(1), to_json('a'::text), to_json(array[1,2]), to_json(row(1, 'x')), to_json(timestamp '2020-01-01 10:00'), to_json(null::int), to_jsonb(1.50), to_jsonb('{"a":1}'::json);
select row_to_json(row(1, 'a')), row_to_json(t) from (select 1 as a, 'x' as b) t;
select row_to_json(t, true), to_jsonb(t), json_agg(t) from (select 1 as a, 'x' as b) t group by t.*;
select array_to_json(array[[1,2],[3,4]]), jsonb_pretty('{"a": [1, {"b": 2}], "c": {}}');
select jsonb_set('{"a": 1}', '{a}', '2'), jsonb_set('{"a": 1}', '{b}', '2'), jsonb_set('{"a": 1}', '{b}', '2', false), jsonb_set('{"a": [1,2]}', '{a,0}', '9'), jsonb_set('[1,2]', '{-1}', '9'), jsonb_set('{"a": 1}', '{a}', null);
select jsonb_insert('[1,2]', '{1}', '9'), jsonb_insert('[1,2]', '{1}', '9', true), jsonb_insert('{"a":1}', '{b}', '2'), jsonb_set_lax('{"a":1}', '{a}', null);
select jsonb_insert('{"a":1}', '{a}', '2');
select jsonb '{"a":1,"b":2}' = jsonb '{"b":2,"a":1}', jsonb '1' < jsonb '2', jsonb '"a"' < jsonb '1', jsonb '[]' < jsonb '{}', jsonb 'null' < jsonb 'true';
select jsonb '{"a":{"b":1}}' @> '{"a":{}}', jsonb '[1,2,3]' @> '[3,1]', jsonb '[1,[2]]' @> '[[2]]', jsonb '"x"' @> '"x"', jsonb '["x"]' @> '"x"', jsonb '{"a":1}' @> '{"a":2}';
select jsonb '["a","b"]' ? 'a', jsonb '{"a":1}' ? 'b', jsonb '"a"' ? 'a', jsonb '["a"]' ?| '{x,a}', jsonb '["a"]' ?& '{x,a}';
select jsonb_path_query('{"a": [1,2,3]}', '$.a[*] ? (@ > 1)'), jsonb_path_exists('{"a":1}', '$.a'), jsonb '{"a":1}' @? '$.a', jsonb '{"a":1}' @@ '$.a == 1';
select jsonb_path_query_array('{"a": [1,2,3]}', '$.a[*]'), jsonb_path_query_first('[1,2]', '$[*]'), jsonb_path_query('{"a": {"b": "x"}}', 'strict $.a.b'), jsonb_path_match('{"a":1}', '$.a < 2');
select jsonb '1' || '2', jsonb '[1]' || '[2]', jsonb '{"a":1}' || '[2]', jsonb '{"a":1}' || '{"a":2}', null || jsonb '1';
select jsonb '[1,2,3]' - 0, jsonb '[1,2,3]' - -1, jsonb '["a","b"]' - 'a', jsonb '{"a":1}' - 'x', jsonb '[1]' - 5, jsonb '{"a":[1,2]}' #- '{a,0}';
select jsonb '{"a":1}' - 1;
select '{"a":1}'::json ->> 'a', '{"a":1}'::json -> 'x' is null, ('{"a":{"b":1}}'::jsonb)['a']['b'], ('[1,2]'::jsonb)[1];
select '{"a":"\u0000"}'::json, '{"a":"\u0000"}'::jsonb;
select '"\ud800"'::jsonb;
select '"\ud83d\ude00"'::jsonb, '"\u00e9"'::json, '"é"'::jsonb;
-- each V: 1e5 | 1.0 | 1.10 | -0 | 0.1e-3 | 123456789012345678901234567890 | 1E400 | 01 | +1 | 1. | .5 | NaN
select '{V}'::jsonb, '{V}'::json;
-- each V: {"a" | {"a":} | {a:1} | [1 2] | [1,] | "abc | tru | {"a":1,} | {"a":1}} | 'x' | {1:2} |
select '{V}'::json;
select '{"a":1}'::jsonb::text, '{"a":1, "a":2}'::json::text, '{"bb":1,"a":2,"ccc":3}'::jsonb;
select * from json_to_record('{"a":1,"b":"x","c":[1]}') as t(a int, b text, c json, d int);
select * from jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]') as t(a int, b text);
select * from json_to_record('{"a":"x"}') as t(a int);
select * from jsonb_populate_record(null::pg_am, '{"amname":"x","oid":5}');
select json_agg(x), jsonb_agg(x), json_agg(x order by x desc), jsonb_object_agg(x, x * 2), json_object_agg(x, null) from generate_series(1, 3) x;
select json_object_agg(null, 1);
select json_agg(x) from generate_series(1, 0) x;
select jsonb_agg(jsonb_build_object('n', n)) from (values (1), (2)) t(n);
select '[1,2]'::jsonb::int[];
select '1'::jsonb::int, '1.7'::jsonb::int, 'true'::jsonb::boolean, '"x"'::jsonb::text, '"x"'::jsonb #>> '{}';
select jsonb '{"a": 1}' -> 'a' = '1', (jsonb '{"a": 1}' ->> 'a')::int + 1, jsonb '{"a":1}' -> 'a' -> 'b', jsonb '[[1]]' #> '{0,0}', jsonb '[1]' #> '{x}';
select json '{"a":1}' @> '{"a":1}';
select distinct x from (values ('1'::jsonb), ('1.0'), ('"a"'), ('1')) t(x) order by x;
select x from (values ('{"a":1}'::jsonb), ('[1,2]'), ('[1]'), ('"b"'), ('"a"'), ('2'), ('10'), ('true'), ('false'), ('null'), ('{}'), ('[]')) t(x) order by x;
select jsonb '{"a":1}' is null, jsonb 'null' is null, (jsonb '{"a":null}' -> 'a') is null, (jsonb '{"a":null}' ->> 'a') is null;

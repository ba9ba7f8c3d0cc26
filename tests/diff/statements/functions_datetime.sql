-- Dates and times.
set timezone to 'UTC';
-- each V: 2020-01-01 | 20200101 | January 8, 1999 | 1/8/1999 | 8-Jan-1999 | 1999.008 | J2451187 | 2020-02-29 | 2021-02-29 | 2020-1-1 | 0001-01-01 | 0001-01-01 BC | 5874897-12-31 | 5874898-01-01 | 4714-11-24 BC | 99-01-08 | today is | infinity | allballs
select '{V}'::date;
-- each V: 04:05:06.789 | 04:05 | 040506 | 04:05 AM | 04:05 PM | 12:00 AM | 24:00 | 24:01 | 04:05:60 | 25:00 | allballs | 04:05:06.7891234 | 04:05:06+02
select '{V}'::time, '{V}'::timetz;
-- each V: 2020-01-01 12:00 | 2020-01-01T12:00:00Z | 2020-01-01 12:00:00.123456789 | 2020-01-01 12:00 America/New_York | Wed Dec 17 07:37:16 1997 PST | 2020-01-01 24:00 | 2020-01-01 12:00:60 | 2020-01-01 12:00+05:30 | 2020-01-01 12:00 foo | 294276-12-31 23:59:59 | 294277-01-01 | 4713-01-01 BC | 2020-01-01 12:00 BC
select '{V}'::timestamp, '{V}'::timestamptz;
-- each V: 1 year 2 mons | 1 day | -1 day +02:03 | 1.5 days | 1.5 months | 1 week | 2 decades | 1 century | 1h 2m 3s | P1Y2M | PT1.5S | P0001-02-03T04:05:06 | @ 1 day ago | 1 2 | 1:2:3 | 1 | 1 fortnight | 1.123456789 s | 178000000 years | 178956971 years | infinity
select '{V}'::interval;
-- each S: postgres | postgres_verbose | sql_standard | iso_8601
set intervalstyle to {S}; select '1 year -2 mons 3 days -04:05:06.7'::interval, '0'::interval, '-1 mon'::interval, '25:00:00'::interval, '1 day'::interval;
reset intervalstyle;
-- each S: ISO | SQL, DMY | SQL, MDY | German | Postgres, MDY | Postgres, DMY
set datestyle to '{S}'; select date '2020-02-03', timestamp '2020-02-03 04:05:06.5', timestamptz '2020-02-03 04:05:06.5+00', time '04:05', '01/02/2020'::date;
reset datestyle;
show datestyle;
set datestyle to 'nosuch';
-- each Z: UTC | America/New_York | Europe/Berlin | Asia/Kolkata | +03 | -05:30 | PST8PDT | EST | nosuch
set timezone to '{Z}'; select timestamptz '2020-01-01 12:00+00', timestamptz '2020-07-01 12:00+00', timestamp '2020-07-01 12:00'::timestamptz, timestamptz '2020-07-01 12:00+00'::timestamp, timestamptz '2020-07-01 23:30+00'::date;
set timezone to 'UTC';
set time zone interval '+02:00' hour to minute;
show timezone;
set time zone 3; show timezone;
set time zone local; set timezone to 'UTC';
-- each F: year | month | day | hour | minute | second | dow | isodow | doy | week | isoyear | quarter | decade | century | millennium | epoch | milliseconds | microseconds | julian | timezone | foo
select extract({F} from timestamp '2020-02-29 13:14:15.678901');
-- each F: year | month | day | hour | minute | second | epoch | dow | quarter | century | timezone
select extract({F} from interval '5 years 4 months 3 days 02:01:00.5'), date_part('{F}', interval '1 month');
-- each F: year | day | hour | epoch | dow | week
select extract({F} from date '2019-12-30'), date_part('{F}', date '2019-12-30');
select extract(hour from time '13:14:15.5'), extract(epoch from time '01:00'), extract(timezone from timetz '01:00+02'), extract(timezone_hour from timestamptz '2020-01-01');
select extract(day from time '13:14');
select extract(year from 'infinity'::timestamp), extract(epoch from '-infinity'::timestamptz), extract(month from 'infinity'::date), extract(month from 'infinity'::timestamp);
-- each F: microseconds | milliseconds | second | minute | hour | day | week | month | quarter | year | decade | century | millennium | foo
select date_trunc('{F}', timestamp '2023-05-17 13:14:15.678901'), date_trunc('{F}', interval '5 years 4 months 3 days 02:01:00.5');
select date_trunc('day', timestamptz '2020-01-01 23:30+00', 'America/New_York'), date_trunc('month', date '2020-02-03');
select date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01'), age(timestamp '2020-03-01', timestamp '2019-01-31'), age(timestamp '2019-01-31', timestamp '2020-03-01');
select make_date(2020, 2, 29), make_time(1, 2, 3.5), make_timestamp(2020, 1, 2, 3, 4, 5.5), make_interval(1, 2, 3, 4, 5, 6, 7.5), make_interval(days => 10), make_timestamptz(2020, 1, 2, 3, 4, 5, 'UTC');
select make_date(2021, 2, 29);
select make_time(25, 0, 0);
select justify_days('35 days'), justify_hours('27 hours'), justify_interval('1 mon -1 hour'), isfinite(date 'infinity'), isfinite(interval '1 day');
select date '2020-02-30';
select '2020-02-30 25:00'::timestamp;
select '13/13/2020'::date;
select date '2020-01-31' + '1 month'::interval, timestamp '2020-03-31' - '1 month'::interval, date '2020-01-01' - '1 day'::interval;
select timestamptz '2020-03-08 01:30 America/New_York' + interval '1 day', timestamptz '2020-03-08 01:30 America/New_York' + interval '24 hours';
select interval '1 day' > interval '23 hours', interval '1 month' = interval '30 days', interval '24:00' = interval '1 day';
select sum(x), avg(x), min(x), max(x) from (values (interval '1 day'), (interval '2 hours')) v(x);
select now() = current_timestamp, current_date = now()::date, localtimestamp = now()::timestamp, clock_timestamp() >= now(), statement_timestamp() >= transaction_timestamp();
select pg_typeof(current_date), pg_typeof(current_time), pg_typeof(current_timestamp), pg_typeof(localtime), pg_typeof(localtimestamp), pg_typeof(current_timestamp(3));
select timestamp '2020-01-01 12:34:56.789'::timestamp(1), '12:34:56.789'::time(0), '1.55 seconds'::interval(1), timestamptz '2020-01-01 12:34:56.789+00'::timestamptz(0);
select timestamp(7) '2020-01-01 12:34:56.1234567';
select '5 days'::interval day, '1 day 05:06:07.8'::interval hour, '1 day 05:06:07.8'::interval minute to second, '1-2'::interval year;
select to_char(timestamp '2020-02-03 04:05:06.789123', 'YYYY YYY YY Y MM Mon MON mon MONTH DD DY Dy HH MI SS US MS AM am TZ');
select to_char(timestamp '2020-02-03 04:05:06', 'FMDay FMMonth FMDD"th" ddth HH24'), to_char(timestamptz '2020-02-03 04:05:06+00', 'TZ OF'), to_char(interval '1 year 2 mons 3 days', 'YYYY MM DD');
select timezone('UTC', timestamp '2020-01-01'), date(timestamp '2020-01-01 10:00'), timestamp '2020-01-01' + time '10:00', time '10:00' + date '2020-01-01';
select date '2020-01-01' < timestamp '2020-01-01 00:01', date '2020-01-01' = timestamptz '2020-01-01 00:00+00', time '10:00' < '11:00', timetz '10:00+00' = timetz '12:00+02';
select '2020-01-01'::date - '2019-01-01', '2020-01-01'::timestamp - '2019-01-01', now() - now(), '10:00'::time + '1 hour';
select 'now'::timestamp is not null, 'today'::date = current_date, 'tomorrow'::date - 'yesterday'::date, date 'now' = current_date;
select pg_sleep(0);
select to_timestamp('2020-13-01', 'YYYY-MM-DD');
select to_timestamp('20200203 040506', 'YYYYMMDD HH24MISS'), to_date('Feb 3 20', 'Mon DD YY'), to_timestamp('12:30 PM', 'HH12:MI AM') is not null;

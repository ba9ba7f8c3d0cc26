-- Advisory locks: results, warnings, what two sessions see of each other, and how pg_locks shows them.
select pg_advisory_lock(1);
select pg_advisory_lock(1), pg_advisory_lock(1, 1);
select pg_advisory_unlock(1), pg_advisory_unlock(1), pg_advisory_unlock(1);
select pg_advisory_unlock(1, 1);
select pg_advisory_unlock(1, 1);
select pg_advisory_unlock_shared(1);
select pg_advisory_unlock_all();
select pg_try_advisory_lock(5), pg_try_advisory_lock_shared(5), pg_try_advisory_xact_lock(5), pg_try_advisory_xact_lock_shared(5);
select pg_advisory_unlock(5), pg_advisory_unlock(5), pg_advisory_unlock_shared(5), pg_advisory_unlock_shared(5);
select pg_advisory_lock(null), pg_try_advisory_lock(null), pg_advisory_unlock(null), pg_advisory_xact_lock(null, 1);
select pg_typeof(pg_advisory_lock(9)), pg_typeof(pg_try_advisory_lock(9));
select pg_advisory_unlock_all();
select pg_advisory_lock('1');
select pg_advisory_lock('x');
select pg_advisory_lock(1.5);
select pg_advisory_lock();
select pg_advisory_lock(1, 2, 3);
select pg_advisory_lock(1, 10000000000);
select pg_advisory_lock(9223372036854775807), pg_advisory_lock(-9223372036854775808), pg_advisory_lock(-1, -2), pg_advisory_lock(0);
select locktype, classid, objid, objsubid, mode, granted, fastpath from pg_locks where locktype = 'advisory' order by 2, 3, 4, 5;
select pg_advisory_lock_shared(1), pg_advisory_xact_lock(1), pg_advisory_lock(2), pg_advisory_lock(2);
select classid, objid, objsubid, mode from pg_locks where locktype = 'advisory' order by 1, 2, 3, 4;
select database = (select oid from pg_database where datname = current_database()), relation, page, tuple, virtualxid, transactionid, pid = pg_backend_pid() from pg_locks where locktype = 'advisory' and objid = 1;
select pg_advisory_unlock_all();
select count(*) from pg_locks where locktype = 'advisory';
-- transactions
begin;
select pg_advisory_lock(1), pg_advisory_xact_lock(2);
savepoint s;
select pg_advisory_lock(3), pg_advisory_xact_lock(4);
rollback to s;
select objid from pg_locks where locktype = 'advisory' order by 1;
select pg_advisory_unlock(2);
rollback;
select objid from pg_locks where locktype = 'advisory' order by 1;
select pg_advisory_unlock_all();
begin read only;
select pg_advisory_lock(1), pg_advisory_xact_lock(2), pg_try_advisory_lock(3);
commit;
select objid from pg_locks where locktype = 'advisory' order by 1;
begin;
select pg_advisory_xact_lock(7);
select pg_advisory_lock(8), 1 / (g - 1) from generate_series(1, 1) g;
select pg_advisory_lock(9);
rollback;
select objid from pg_locks where locktype = 'advisory' order by 1;
discard all;
select count(*) from pg_locks where locktype = 'advisory';
-- two sessions
select pg_advisory_lock(1), pg_advisory_lock_shared(2), pg_advisory_lock(1, 2);
-- session b
select pg_try_advisory_lock(1), pg_try_advisory_lock_shared(1), pg_try_advisory_lock(2), pg_try_advisory_lock_shared(2), pg_try_advisory_lock(1, 2), pg_try_advisory_lock(2, 1), pg_try_advisory_xact_lock(4294967298);
select pg_advisory_unlock(1);
set lock_timeout = 50;
select pg_advisory_lock(1);
select pg_advisory_xact_lock_shared(1);
select pg_advisory_lock(2);
begin;
select pg_advisory_lock(3);
select pg_advisory_lock(1);
select pg_advisory_lock(4);
rollback;
select pg_advisory_unlock(3);
select classid, objid, objsubid, mode, granted from pg_locks where locktype = 'advisory' order by 1, 2, 3, 4;
-- session a
select pg_try_advisory_lock(2);
-- session b
select pg_advisory_unlock_all();
-- session a
select pg_try_advisory_lock(2), pg_try_advisory_lock_shared(2);
select pg_advisory_unlock_all();
-- several rows
create table t (n int);
insert into t select generate_series(1, 5);
select n, pg_try_advisory_lock(n) from t where n % 2 = 1 order by n;
select n from t where pg_try_advisory_lock(n) order by n;
select objid, count(*) from pg_locks where locktype = 'advisory' group by 1 order by 1;
select pg_advisory_unlock(objid::bigint) from pg_locks where locktype = 'advisory' order by objid;
select sum(case when pg_advisory_unlock(n) then 1 else 0 end) from t where n % 2 = 1;
select count(pg_advisory_lock(n)) from t;
select count(*) from pg_locks where locktype = 'advisory';
update t set n = n + 10 where pg_try_advisory_xact_lock(n) returning n;
insert into t select 100 where pg_try_advisory_lock(100);
delete from t where pg_advisory_unlock(100) and n = 100;
select n, pg_advisory_unlock(n - 10) from t where n between 11 and 15 order by 1;
explain (costs off) select pg_advisory_lock(1000);
select count(*) from pg_locks where locktype = 'advisory';
-- what the other kinds of locks look like
begin;
select locktype, mode, granted from pg_locks where locktype <> 'relation' and pid = pg_backend_pid() order by 1, 2;
insert into t values (1);
select locktype, mode, granted from pg_locks where locktype <> 'relation' and pid = pg_backend_pid() order by 1, 2;
select mode, granted, fastpath from pg_locks where relation = 't'::regclass order by 1;
lock table t in share mode;
select mode, granted from pg_locks where relation = 't'::regclass order by 1;
rollback;
select wait_event_type, wait_event, state from pg_stat_activity where pid = pg_backend_pid();
select wait_event_type, wait_event, state from pg_stat_activity where application_name = 'diff' and pid <> pg_backend_pid() order by 1;
select pg_blocking_pids(pg_backend_pid()), pg_blocking_pids(0);
-- session b
begin;
-- session a
select state, wait_event from pg_stat_activity where application_name = 'diff' and pid <> pg_backend_pid();
-- session b
select 1/0;
-- session a
select state, wait_event from pg_stat_activity where application_name = 'diff' and pid <> pg_backend_pid();
-- session b
rollback;
-- session a
select state, wait_event from pg_stat_activity where application_name = 'diff' and pid <> pg_backend_pid();

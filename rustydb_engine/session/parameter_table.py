"""The configuration parameters: one line each, with the kinds, units, bounds and descriptions of PostgreSQL 15.

A line is name|kind|unit|context|default|minimum|maximum|choices|category|description. A parameter whose effect the
engine does not have is accepted and shown, as clients set many of them blindly; docs/compatibility.md lists those that do
something. Source: PostgreSQL 15, pg_settings.
"""

from __future__ import annotations

TABLE = """
DateStyle|string||user|ISO, MDY||||Client Connection Defaults / Locale and Formatting|Sets the display format for date and time values.
IntervalStyle|enum||user|postgres|||postgres,postgres_verbose,sql_standard,iso_8601|Client Connection Defaults / Locale and Formatting|Sets the display format for interval values.
TimeZone|string||user|UTC||||Client Connection Defaults / Locale and Formatting|Sets the time zone for displaying and interpreting time stamps.
application_name|string||user|||||Reporting and Logging / What to Log|Sets the application name to be reported in statistics and logs.
array_nulls|bool||user|on||||Version and Platform Compatibility / Previous PostgreSQL Versions|Enable input of NULL elements in arrays.
autovacuum|bool||sighup|on||||Autovacuum|Starts the autovacuum subprocess.
backend_flush_after|integer|8kB|user|0|0|256||Resource Usage / Asynchronous Behavior|Number of pages after which previously performed writes are flushed to disk.
backslash_quote|enum||user|safe_encoding|||safe_encoding,on,off|Version and Platform Compatibility / Previous PostgreSQL Versions|Sets whether "\\'" is allowed in string literals.
bytea_output|enum||user|hex|||escape,hex|Client Connection Defaults / Statement Behavior|Sets the output format for bytea.
check_function_bodies|bool||user|on||||Client Connection Defaults / Statement Behavior|Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE.
client_connection_check_interval|integer|ms|user|0|0|2147483647||Connections and Authentication / Connection Settings|Sets the time interval between checks for disconnection while running queries.
client_encoding|string||user|UTF8||||Client Connection Defaults / Locale and Formatting|Sets the client's character set encoding.
client_min_messages|enum||user|notice|||debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|Client Connection Defaults / Statement Behavior|Sets the message levels that are sent to the client.
commit_delay|integer||superuser|0|0|100000||Write-Ahead Log / Settings|Sets the delay in microseconds between transaction commit and flushing WAL to disk.
commit_siblings|integer||user|5|0|1000||Write-Ahead Log / Settings|Sets the minimum number of concurrent open transactions required before performing commit_delay.
compute_query_id|enum||superuser|auto|||auto,regress,on,off|Statistics / Monitoring|Enables in-core computation of query identifiers.
constraint_exclusion|enum||user|partition|||partition,on,off|Query Tuning / Other Planner Options|Enables the planner to use constraints to optimize queries.
cpu_index_tuple_cost|real||user|0.005|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of processing each index entry during an index scan.
cpu_operator_cost|real||user|0.0025|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of processing each operator or function call.
cpu_tuple_cost|real||user|0.01|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of processing each tuple (row).
cursor_tuple_fraction|real||user|0.1|0|1||Query Tuning / Other Planner Options|Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved.
data_checksums|bool||internal|off||||Preset Options|Shows whether data checksums are turned on for this cluster.
data_directory|string||postmaster|||||File Locations|Sets the server's data directory.
deadlock_timeout|integer|ms|superuser|1000|1|2147483647||Lock Management|Sets the time to wait on a lock before checking for deadlock.
default_statistics_target|integer||user|100|1|10000||Query Tuning / Other Planner Options|Sets the default statistics target.
default_table_access_method|string||user|heap||||Client Connection Defaults / Statement Behavior|Sets the default table access method for new tables.
default_tablespace|string||user|||||Client Connection Defaults / Statement Behavior|Sets the default tablespace to create tables and indexes in.
default_text_search_config|string||user|pg_catalog.simple||||Client Connection Defaults / Locale and Formatting|Sets default text search configuration.
default_toast_compression|enum||user|pglz|||pglz,lz4|Client Connection Defaults / Statement Behavior|Sets the default compression method for compressible values.
default_transaction_deferrable|bool||user|off||||Client Connection Defaults / Statement Behavior|Sets the default deferrable status of new transactions.
default_transaction_isolation|enum||user|read committed|||serializable,repeatable read,read committed,read uncommitted|Client Connection Defaults / Statement Behavior|Sets the transaction isolation level of each new transaction.
default_transaction_read_only|bool||user|off||||Client Connection Defaults / Statement Behavior|Sets the default read-only status of new transactions.
effective_cache_size|integer|8kB|user|524288|1|2147483647||Query Tuning / Planner Cost Constants|Sets the planner's assumption about the total size of the data caches.
effective_io_concurrency|integer||user|1|0|1000||Resource Usage / Asynchronous Behavior|Number of simultaneous requests that can be handled efficiently by the disk subsystem.
enable_async_append|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of async append plans.
enable_bitmapscan|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of bitmap-scan plans.
enable_gathermerge|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of gather merge plans.
enable_hashagg|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of hashed aggregation plans.
enable_hashjoin|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of hash join plans.
enable_incremental_sort|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of incremental sort steps.
enable_indexonlyscan|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of index-only-scan plans.
enable_indexscan|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of index-scan plans.
enable_material|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of materialization.
enable_memoize|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of memoization.
enable_mergejoin|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of merge join plans.
enable_nestloop|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of nested-loop join plans.
enable_parallel_append|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of parallel append plans.
enable_parallel_hash|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of parallel hash plans.
enable_partition_pruning|bool||user|on||||Query Tuning / Planner Method Configuration|Enables plan-time and execution-time partition pruning.
enable_partitionwise_aggregate|bool||user|off||||Query Tuning / Planner Method Configuration|Enables partitionwise aggregation and grouping.
enable_partitionwise_join|bool||user|off||||Query Tuning / Planner Method Configuration|Enables partitionwise join.
enable_seqscan|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of sequential-scan plans.
enable_sort|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of explicit sort steps.
enable_tidscan|bool||user|on||||Query Tuning / Planner Method Configuration|Enables the planner's use of TID scan plans.
escape_string_warning|bool||user|on||||Version and Platform Compatibility / Previous PostgreSQL Versions|Warn about backslash escapes in ordinary string literals.
exit_on_error|bool||user|off||||Error Handling|Terminate session on any error.
extension_destdir|string||superuser|||||File Locations|Path to prepend for extension loading.
extra_float_digits|integer||user|1|-15|3||Client Connection Defaults / Locale and Formatting|Sets the number of digits displayed for floating-point values.
from_collapse_limit|integer||user|8|1|2147483647||Query Tuning / Other Planner Options|Sets the FROM-list size beyond which subqueries are not collapsed.
fsync|bool||sighup|on||||Write-Ahead Log / Settings|Forces synchronization of updates to disk.
full_page_writes|bool||sighup|on||||Write-Ahead Log / Settings|Writes full pages to WAL when first modified after a checkpoint.
gin_fuzzy_search_limit|integer||user|0|0|2147483647||Client Connection Defaults / Other Defaults|Sets the maximum allowed result for exact search by GIN.
gin_pending_list_limit|integer|kB|user|4096|64|2147483647||Client Connection Defaults / Statement Behavior|Sets the maximum size of the pending list for GIN index.
hash_mem_multiplier|real||user|2|1|1000||Resource Usage / Memory|Multiple of work_mem to use for hash tables.
hot_standby|bool||postmaster|on||||Replication / Standby Servers|Allows connections and queries during recovery.
idle_in_transaction_session_timeout|integer|ms|user|0|0|2147483647||Client Connection Defaults / Statement Behavior|Sets the maximum allowed idle time between queries, when in a transaction.
idle_session_timeout|integer|ms|user|0|0|2147483647||Client Connection Defaults / Statement Behavior|Sets the maximum allowed idle time between queries, when not in a transaction.
in_hot_standby|bool||internal|off||||Preset Options|Shows whether hot standby is currently active.
integer_datetimes|bool||internal|on||||Preset Options|Shows whether datetimes are integer based.
jit|bool||user|on||||Query Tuning / Other Planner Options|Allow JIT compilation.
jit_above_cost|real||user|100000|-1|1.79769e+308||Query Tuning / Planner Cost Constants|Perform JIT compilation if query is more expensive.
jit_inline_above_cost|real||user|500000|-1|1.79769e+308||Query Tuning / Planner Cost Constants|Perform JIT inlining if query is more expensive.
jit_optimize_above_cost|real||user|500000|-1|1.79769e+308||Query Tuning / Planner Cost Constants|Optimize JIT-compiled functions if query is more expensive.
join_collapse_limit|integer||user|8|1|2147483647||Query Tuning / Other Planner Options|Sets the FROM-list size beyond which JOIN constructs are not flattened.
lc_collate|string||internal|C.UTF-8||||Preset Options|Shows the collation order locale.
lc_ctype|string||internal|C.UTF-8||||Preset Options|Shows the character classification and case conversion locale.
lc_messages|string||superuser|C.UTF-8||||Client Connection Defaults / Locale and Formatting|Sets the language in which messages are displayed.
lc_monetary|string||user|C.UTF-8||||Client Connection Defaults / Locale and Formatting|Sets the locale for formatting monetary amounts.
lc_numeric|string||user|C.UTF-8||||Client Connection Defaults / Locale and Formatting|Sets the locale for formatting numbers.
lc_time|string||user|C.UTF-8||||Client Connection Defaults / Locale and Formatting|Sets the locale for formatting date and time values.
listen_addresses|string||postmaster|localhost||||Connections and Authentication / Connection Settings|Sets the host name or IP address(es) to listen to.
lo_compat_privileges|bool||superuser|off||||Version and Platform Compatibility / Previous PostgreSQL Versions|Enables backward compatibility mode for privilege checks on large objects.
lock_timeout|integer|ms|user|0|0|2147483647||Client Connection Defaults / Statement Behavior|Sets the maximum allowed duration of any wait for a lock.
log_min_messages|enum||superuser|warning|||debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|Reporting and Logging / When to Log|Sets the message levels that are logged.
maintenance_io_concurrency|integer||user|10|0|1000||Resource Usage / Asynchronous Behavior|A variant of effective_io_concurrency that is used for maintenance work.
maintenance_work_mem|integer|kB|user|65536|1024|2147483647||Resource Usage / Memory|Sets the maximum memory to be used for maintenance operations.
max_connections|integer||postmaster|100|1|262143||Connections and Authentication / Connection Settings|Sets the maximum number of concurrent connections.
max_function_args|integer||internal|100|100|100||Preset Options|Shows the maximum number of function arguments.
max_identifier_length|integer||internal|63|63|63||Preset Options|Shows the maximum identifier length.
max_index_keys|integer||internal|32|32|32||Preset Options|Shows the maximum number of index keys.
max_parallel_maintenance_workers|integer||user|2|0|1024||Resource Usage / Asynchronous Behavior|Sets the maximum number of parallel processes per maintenance operation.
max_parallel_workers|integer||user|8|0|1024||Resource Usage / Asynchronous Behavior|Sets the maximum number of parallel workers that can be active at one time.
max_parallel_workers_per_gather|integer||user|2|0|1024||Resource Usage / Asynchronous Behavior|Sets the maximum number of parallel processes per executor node.
max_prepared_transactions|integer||postmaster|0|0|262143||Resource Usage / Memory|Sets the maximum number of simultaneously prepared transactions.
max_stack_depth|integer|kB|superuser|100|100|2147483647||Resource Usage / Memory|Sets the maximum stack depth, in kilobytes.
max_wal_senders|integer||postmaster|10|0|262143||Replication / Sending Servers|Sets the maximum number of simultaneously running WAL sender processes.
min_parallel_index_scan_size|integer|8kB|user|64|0|715827882||Query Tuning / Planner Cost Constants|Sets the minimum amount of index data for a parallel scan.
min_parallel_table_scan_size|integer|8kB|user|1024|0|715827882||Query Tuning / Planner Cost Constants|Sets the minimum amount of table data for a parallel scan.
parallel_leader_participation|bool||user|on||||Resource Usage / Asynchronous Behavior|Controls whether Gather and Gather Merge also run subplans.
parallel_setup_cost|real||user|1000|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of starting up worker processes for parallel query.
parallel_tuple_cost|real||user|0.1|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of passing each tuple (row) from worker to leader backend.
password_encryption|enum||user|scram-sha-256|||md5,scram-sha-256|Connections and Authentication / Authentication|Chooses the algorithm for encrypting passwords.
plan_cache_mode|enum||user|auto|||auto,force_generic_plan,force_custom_plan|Query Tuning / Other Planner Options|Controls the planner's selection of custom or generic plan.
port|integer||postmaster|5432|1|65535||Connections and Authentication / Connection Settings|Sets the TCP port the server listens on.
quote_all_identifiers|bool||user|off||||Version and Platform Compatibility / Previous PostgreSQL Versions|When generating SQL fragments, quote all identifiers.
random_page_cost|real||user|4|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of a nonsequentially fetched disk page.
recursive_worktable_factor|real||user|10|0.001|1e+06||Query Tuning / Other Planner Options|Sets the planner's estimate of the average size of a recursive query's working table.
restrict_nonsystem_relation_kind|string||user|||||Client Connection Defaults / Statement Behavior|Prohibits access to non-system relations of specified kinds.
row_security|bool||user|on||||Client Connection Defaults / Statement Behavior|Enable row security.
search_path|string||user|"$user", public||||Client Connection Defaults / Statement Behavior|Sets the schema search order for names that are not schema-qualified.
segment_size|integer|8kB|internal|131072|131072|131072||Preset Options|Shows the number of pages per disk file.
seq_page_cost|real||user|1|0|1.79769e+308||Query Tuning / Planner Cost Constants|Sets the planner's estimate of the cost of a sequentially fetched disk page.
server_encoding|string||internal|UTF8||||Preset Options|Shows the server (database) character set encoding.
session_replication_role|enum||superuser|origin|||origin,replica,local|Client Connection Defaults / Statement Behavior|Sets the session's behavior for triggers and rewrite rules.
shared_buffers|integer|8kB|postmaster|16384|16|1073741823||Resource Usage / Memory|Sets the number of shared memory buffers used by the server.
shared_preload_libraries|string||postmaster|||||Client Connection Defaults / Shared Library Preloading|Lists shared libraries to preload into server.
ssl|bool||sighup|off||||Connections and Authentication / SSL|Enables SSL connections.
standard_conforming_strings|bool||user|on||||Version and Platform Compatibility / Previous PostgreSQL Versions|Causes '...' strings to treat backslashes literally.
statement_timeout|integer|ms|user|0|0|2147483647||Client Connection Defaults / Statement Behavior|Sets the maximum allowed duration of any statement.
stats_fetch_consistency|enum||user|cache|||none,cache,snapshot|Statistics / Cumulative Query and Index Statistics|Sets the consistency of accesses to statistics data.
synchronize_seqscans|bool||user|on||||Version and Platform Compatibility / Previous PostgreSQL Versions|Enable synchronized sequential scans.
synchronous_commit|enum||user|on|||local,remote_write,remote_apply,on,off|Write-Ahead Log / Settings|Sets the current transaction's synchronization level.
tcp_keepalives_count|integer||user|0|0|2147483647||Connections and Authentication / Connection Settings|Maximum number of TCP keepalive retransmits.
tcp_keepalives_idle|integer|s|user|0|0|2147483647||Connections and Authentication / Connection Settings|Time between issuing TCP keepalives.
tcp_keepalives_interval|integer|s|user|0|0|2147483647||Connections and Authentication / Connection Settings|Time between TCP keepalive retransmits.
tcp_user_timeout|integer|ms|user|0|0|2147483647||Connections and Authentication / Connection Settings|TCP user timeout.
temp_buffers|integer|8kB|user|1024|100|1073741823||Resource Usage / Memory|Sets the maximum number of temporary buffers used by each session.
temp_file_limit|integer|kB|superuser|-1|-1|2147483647||Resource Usage / Disk|Limits the total size of all temporary files used by each process.
temp_tablespaces|string||user|||||Client Connection Defaults / Statement Behavior|Sets the tablespace(s) to use for temporary tables and sort files.
track_activities|bool||superuser|on||||Statistics / Cumulative Query and Index Statistics|Collects information about executing commands.
track_counts|bool||superuser|on||||Statistics / Cumulative Query and Index Statistics|Collects statistics on database activity.
track_functions|enum||superuser|none|||none,pl,all|Statistics / Cumulative Query and Index Statistics|Collects function-level statistics on database activity.
track_io_timing|bool||superuser|off||||Statistics / Cumulative Query and Index Statistics|Collects timing statistics for database I/O activity.
track_wal_io_timing|bool||superuser|off||||Statistics / Cumulative Query and Index Statistics|Collects timing statistics for WAL I/O activity.
transaction_deferrable|bool||user|off||||Client Connection Defaults / Statement Behavior|Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures.
transaction_isolation|enum||user|read committed|||serializable,repeatable read,read committed,read uncommitted|Client Connection Defaults / Statement Behavior|Sets the current transaction's isolation level.
transaction_read_only|bool||user|off||||Client Connection Defaults / Statement Behavior|Sets the current transaction's read-only status.
transform_null_equals|bool||user|off||||Version and Platform Compatibility / Other Platforms and Clients|Treats "expr=NULL" as "expr IS NULL".
update_process_title|bool||superuser|on||||Reporting and Logging / Process Title|Updates the process title to show the active SQL command.
vacuum_cost_delay|real|ms|user|0|0|100||Resource Usage / Cost-Based Vacuum Delay|Vacuum cost delay in milliseconds.
vacuum_cost_limit|integer||user|200|1|10000||Resource Usage / Cost-Based Vacuum Delay|Vacuum cost amount available before napping.
vacuum_cost_page_dirty|integer||user|20|0|10000||Resource Usage / Cost-Based Vacuum Delay|Vacuum cost for a page dirtied by vacuum.
vacuum_cost_page_hit|integer||user|1|0|10000||Resource Usage / Cost-Based Vacuum Delay|Vacuum cost for a page found in the buffer cache.
vacuum_cost_page_miss|integer||user|2|0|10000||Resource Usage / Cost-Based Vacuum Delay|Vacuum cost for a page not found in the buffer cache.
vacuum_failsafe_age|integer||user|1600000000|0|2100000000||Client Connection Defaults / Statement Behavior|Age at which VACUUM should trigger failsafe to avoid a wraparound outage.
vacuum_freeze_min_age|integer||user|50000000|0|1000000000||Client Connection Defaults / Statement Behavior|Minimum age at which VACUUM should freeze a table row.
vacuum_freeze_table_age|integer||user|150000000|0|2000000000||Client Connection Defaults / Statement Behavior|Age at which VACUUM should scan whole table to freeze tuples.
vacuum_multixact_failsafe_age|integer||user|1600000000|0|2100000000||Client Connection Defaults / Statement Behavior|Multixact age at which VACUUM should trigger failsafe to avoid a wraparound outage.
vacuum_multixact_freeze_min_age|integer||user|5000000|0|1000000000||Client Connection Defaults / Statement Behavior|Minimum age at which VACUUM should freeze a MultiXactId in a table row.
vacuum_multixact_freeze_table_age|integer||user|150000000|0|2000000000||Client Connection Defaults / Statement Behavior|Multixact age at which VACUUM should scan whole table to freeze tuples.
wal_compression|enum||superuser|off|||pglz,lz4,zstd,on,off|Write-Ahead Log / Settings|Compresses full-page writes written in WAL file with specified method.
wal_init_zero|bool||superuser|on||||Write-Ahead Log / Settings|Writes zeroes to new WAL files before first use.
wal_level|enum||postmaster|replica|||minimal,replica,logical|Write-Ahead Log / Settings|Sets the level of information written to the WAL.
wal_recycle|bool||superuser|on||||Write-Ahead Log / Settings|Recycles WAL files by renaming them.
wal_segment_size|integer|B|internal|16777216|1048576|1073741824||Preset Options|Shows the size of write ahead log segments.
wal_sender_timeout|integer|ms|user|60000|0|2147483647||Replication / Sending Servers|Sets the maximum time to wait for WAL replication.
wal_skip_threshold|integer|kB|user|2048|0|2147483647||Write-Ahead Log / Settings|Minimum size of new file to fsync instead of writing WAL.
work_mem|integer|kB|user|4096|64|2147483647||Resource Usage / Memory|Sets the maximum memory to be used for query workspaces.
xmlbinary|enum||user|base64|||base64,hex|Client Connection Defaults / Statement Behavior|Sets how binary values are to be encoded in XML.
xmloption|enum||user|content|||content,document|Client Connection Defaults / Statement Behavior|Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments.
"""

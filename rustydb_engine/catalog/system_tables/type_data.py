"""What PostgreSQL 15 says of the types beyond `values/types.py`: their input and output functions, and the casts.

`TYPES` is name:input:output:receive:send:modin:modout:analyze:subscript:collation, functions by OID. `IO_FUNCTIONS`
(with those behind casts and operator classes) is oid:name:result:arguments:volatility. `CASTS` is
source:target:oid:function:context:method.

Source: PostgreSQL 15, pg_type, pg_proc and pg_cast of a running server.
"""

from __future__ import annotations

TYPES = """
bool:1242:1243:2436:2437:0:0:0:0:0 bytea:1244:31:2412:2413:0:0:0:0:0 char:1245:33:2434:2435:0:0:0:0:0
name:34:35:2422:2423:0:0:0:6180:950 int8:460:461:2408:2409:0:0:0:0:0 int2:38:39:2404:2405:0:0:0:0:0
int2vector:40:41:2410:2411:0:0:0:6179:0 int4:42:43:2406:2407:0:0:0:0:0 regproc:44:45:2444:2445:0:0:0:0:0
text:46:47:2414:2415:0:0:0:0:100 oid:1798:1799:2418:2419:0:0:0:0:0 tid:48:49:2438:2439:0:0:0:0:0
xid:50:51:2440:2441:0:0:0:0:0 cid:52:53:2442:2443:0:0:0:0:0 oidvector:54:55:2420:2421:0:0:0:6179:0
json:321:322:323:324:0:0:0:0:0 pg_node_tree:195:196:197:198:0:0:0:0:100 float4:200:201:2424:2425:0:0:0:0:0
float8:214:215:2426:2427:0:0:0:0:0 unknown:109:110:2416:2417:0:0:0:0:0 aclitem:1031:1032:0:0:0:0:0:0:0
bpchar:1044:1045:2430:2431:2913:2914:0:0:100 varchar:1046:1047:2432:2433:2915:2916:0:0:100
date:1084:1085:2468:2469:0:0:0:0:0 time:1143:1144:2470:2471:2909:2910:0:0:0
timestamp:1312:1313:2474:2475:2905:2906:0:0:0 timestamptz:1150:1151:2476:2477:2907:2908:0:0:0
interval:1160:1161:2478:2479:2903:2904:0:0:0 timetz:1350:1351:2472:2473:2911:2912:0:0:0
numeric:1701:1702:2460:2461:2917:2918:0:0:0 regprocedure:2212:2213:2446:2447:0:0:0:0:0
regoper:2214:2215:2448:2449:0:0:0:0:0 regoperator:2216:2217:2450:2451:0:0:0:0:0 regclass:2218:2219:2452:2453:0:0:0:0:0
regtype:2220:2221:2454:2455:0:0:0:0:0 record:2290:2291:2402:2403:0:0:0:0:0 cstring:2292:2293:2500:2501:0:0:0:0:0
any:2294:2295:0:0:0:0:0:0:0 anyarray:2296:2297:2502:2503:0:0:0:0:0 void:2298:2299:3120:3121:0:0:0:0:0
trigger:2300:2301:0:0:0:0:0:0:0 internal:2304:2305:0:0:0:0:0:0:0 anyelement:2312:2313:0:0:0:0:0:0:0
anynonarray:2777:2778:0:0:0:0:0:0:0 uuid:2952:2953:2961:2962:0:0:0:0:0 pg_lsn:3229:3230:3238:3239:0:0:0:0:0
jsonb:3806:3804:3805:3803:0:0:0:6098:0 jsonpath:4001:4003:4002:4004:0:0:0:0:0 regnamespace:4084:4085:4087:4088:0:0:0:0:0
regrole:4098:4092:4094:4095:0:0:0:0:0 regcollation:4193:4194:4196:4197:0:0:0:0:0 xid8:5070:5081:5082:5083:0:0:0:0:0
anycompatible:5086:5087:0:0:0:0:0:0:0 anycompatiblearray:5088:5089:5090:5091:0:0:0:0:0
anycompatiblenonarray:5092:5093:0:0:0:0:0:0:0
"""

IO_FUNCTIONS = """
3:heap_tableam_handler:269:2281:v 31:byteaout:2275:17:i 33:charout:2275:18:i 34:namein:19:2275:i 35:nameout:2275:19:i
38:int2in:21:2275:i 39:int2out:2275:21:i 40:int2vectorin:22:2275:i 41:int2vectorout:2275:22:i 42:int4in:23:2275:i
43:int4out:2275:23:i 44:regprocin:24:2275:s 45:regprocout:2275:24:s 46:textin:25:2275:i 47:textout:2275:25:i
48:tidin:27:2275:i 49:tidout:2275:27:i 50:xidin:28:2275:i 51:xidout:2275:28:i 52:cidin:29:2275:i 53:cidout:2275:29:i
54:oidvectorin:30:2275:i 55:oidvectorout:2275:30:i 77:int4:23:18:i 78:char:18:23:i 109:unknownin:705:2275:i
110:unknownout:2275:705:i 195:pg_node_tree_in:194:2275:i 196:pg_node_tree_out:2275:194:i
197:pg_node_tree_recv:194:2281:s 198:pg_node_tree_send:17:194:s 200:float4in:700:2275:i 201:float4out:2275:700:i
214:float8in:701:2275:i 215:float8out:2275:701:i 235:float8:701:21:i 236:float4:700:21:i 237:int2:21:701:i
238:int2:21:700:i 246:btnametextcmp:23:19.25:i 253:bttextnamecmp:23:25.19:i 311:float8:701:700:i 312:float4:700:701:i
313:int4:23:21:i 314:int2:21:23:i 316:float8:701:23:i 317:int4:23:701:i 318:float4:700:23:i 319:int4:23:700:i
321:json_in:114:2275:i 322:json_out:2275:114:i 323:json_recv:114:2281:i 324:json_send:17:114:i
329:hash_aclitem:23:1033:i 330:bthandler:325:2281:v 331:hashhandler:325:2281:v 350:btint2cmp:23:21.21:i
351:btint4cmp:23:23.23:i 354:btfloat4cmp:23:700.700:i 355:btfloat8cmp:23:701.701:i 356:btoidcmp:23:26.26:i
358:btcharcmp:23:18.18:i 359:btnamecmp:23:19.19:i 360:bttextcmp:23:25.25:i 382:btarraycmp:23:2277.2277:i
400:hashtext:23:25:i 401:text:25:1042:i 404:btoidvectorcmp:23:30.30:i 406:text:25:19:i 407:name:19:25:i
408:bpchar:1042:19:i 409:name:19:1042:i 425:hashint4extended:20:23.20:i 432:hash_numeric:23:1700:i
441:hashint2extended:20:21.20:i 442:hashint8extended:20:20.20:i 443:hashfloat4extended:20:700.20:i
444:hashfloat8extended:20:701.20:i 445:hashoidextended:20:26.20:i 446:hashcharextended:20:18.20:i
447:hashnameextended:20:19.20:i 448:hashtextextended:20:25.20:i 449:hashint2:23:21:i 450:hashint4:23:23:i
451:hashfloat4:23:700:i 452:hashfloat8:23:701:i 453:hashoid:23:26:i 454:hashchar:23:18:i 455:hashname:23:19:i
456:hashvarlena:23:2281:i 457:hashoidvector:23:30:i 460:int8in:20:2275:i 461:int8out:2275:20:i 480:int4:23:20:i
481:int8:20:23:i 482:float8:701:20:i 483:int8:20:701:i 626:hash_array:23:2277:i 652:float4:700:20:i 653:int8:20:700:i
668:bpchar:1042:1042.23.16:i 669:varchar:1043:1043.23.16:i 714:int2:21:20:i 750:array_in:2277:2275.26.23:s
751:array_out:2275:2277:s 754:int8:20:21:i 772:hashvarlenaextended:20:2281.20:i 776:hashoidvectorextended:20:30.20:i
777:hash_aclitem_extended:20:1033.20:i 780:hash_numeric_extended:20:1700.20:i 782:hash_array_extended:20:2277.20:i
842:btint8cmp:23:20.20:i 860:bpchar:1042:18:i 944:char:18:25:i 946:text:25:18:i 949:hashint8:23:20:i
972:hashbpcharextended:20:1042.20:i 1031:aclitemin:1033:2275:s 1032:aclitemout:2275:1033:s
1044:bpcharin:1042:2275.26.23:i 1045:bpcharout:2275:1042:i 1046:varcharin:1043:2275.26.23:i
1047:varcharout:2275:1043:i 1078:bpcharcmp:23:1042.1042:i 1079:regclass:2205:25:s 1080:hashbpchar:23:1042:i
1084:date_in:1082:2275:s 1085:date_out:2275:1082:s 1092:date_cmp:23:1082.1082:i 1107:time_cmp:23:1083.1083:i
1143:time_in:1083:2275.26.23:s 1144:time_out:2275:1083:i 1150:timestamptz_in:1184:2275.26.23:s
1151:timestamptz_out:2275:1184:s 1160:interval_in:1186:2275.26.23:s 1161:interval_out:2275:1186:s
1174:timestamptz:1184:1082:s 1178:date:1082:1184:s 1200:interval:1186:1186.23:i 1242:boolin:16:2275:i
1243:boolout:2275:16:i 1244:byteain:17:2275:i 1245:charin:18:2275:i 1287:oid:26:20:i 1288:int8:20:26:i
1312:timestamp_in:1114:2275.26.23:s 1313:timestamp_out:2275:1114:s 1314:timestamptz_cmp:23:1184.1184:i
1315:interval_cmp:23:1186.1186:i 1316:time:1083:1114:i 1350:timetz_in:1266:2275.26.23:s 1351:timetz_out:2275:1266:i
1358:timetz_cmp:23:1266.1266:i 1370:interval:1186:1083:i 1388:timetz:1266:1184:s 1400:name:19:1043:i
1401:varchar:1043:19:i 1419:time:1083:1186:i 1688:time_hash:23:1083:i 1693:btboolcmp:23:16.16:i
1696:timetz_hash:23:1266:i 1697:interval_hash:23:1186:i 1701:numeric_in:1700:2275.26.23:i 1702:numeric_out:2275:1700:i
1703:numeric:1700:1700.23:i 1740:numeric:1700:23:i 1742:numeric:1700:700:i 1743:numeric:1700:701:i 1744:int4:23:1700:i
1745:float4:700:1700:i 1746:float8:701:1700:i 1769:numeric_cmp:23:1700.1700:i 1779:int8:20:1700:i
1781:numeric:1700:20:i 1782:numeric:1700:21:i 1783:int2:21:1700:i 1798:oidin:26:2275:i 1799:oidout:2275:26:i
1954:byteacmp:23:17.17:i 1961:timestamp:1114:1114.23:i 1967:timestamptz:1184:1184.23:i 1968:time:1083:1083.23:i
1969:timetz:1266:1266.23:i 2019:time:1083:1184:s 2024:timestamp:1114:1082:i 2027:timestamp:1114:1184:s
2028:timestamptz:1184:1114:s 2029:date:1082:1114:i 2039:timestamp_hash:23:1114:i 2045:timestamp_cmp:23:1114.1114:i
2046:time:1083:1266:i 2047:timetz:1266:1083:s 2166:bttext_pattern_cmp:23:25.25:i
2180:btbpchar_pattern_cmp:23:1042.1042:i 2188:btint48cmp:23:23.20:i 2189:btint84cmp:23:20.23:i
2190:btint24cmp:23:21.23:i 2191:btint42cmp:23:23.21:i 2192:btint28cmp:23:21.20:i 2193:btint82cmp:23:20.21:i
2194:btfloat48cmp:23:700.701:i 2195:btfloat84cmp:23:701.700:i 2212:regprocedurein:2202:2275:s
2213:regprocedureout:2275:2202:s 2214:regoperin:2203:2275:s 2215:regoperout:2275:2203:s 2216:regoperatorin:2204:2275:s
2217:regoperatorout:2275:2204:s 2218:regclassin:2205:2275:s 2219:regclassout:2275:2205:s 2220:regtypein:2206:2275:s
2221:regtypeout:2275:2206:s 2233:hashtid:23:27:i 2234:hashtidextended:20:27.20:i
2246:fmgr_internal_validator:2278:26:s 2248:fmgr_sql_validator:2278:26:s 2290:record_in:2249:2275.26.23:s
2291:record_out:2275:2249:s 2292:cstring_in:2275:2275:i 2293:cstring_out:2275:2275:i 2294:any_in:2276:2275:i
2295:any_out:2275:2276:i 2296:anyarray_in:2277:2275:i 2297:anyarray_out:2275:2277:s 2298:void_in:2278:2275:i
2299:void_out:2275:2278:i 2300:trigger_in:2279:2275:i 2301:trigger_out:2275:2279:i 2304:internal_in:2281:2275:i
2305:internal_out:2275:2281:i 2312:anyelement_in:2283:2275:i 2313:anyelement_out:2275:2283:i
2344:date_cmp_timestamp:23:1082.1114:i 2357:date_cmp_timestamptz:23:1082.1184:s 2370:timestamp_cmp_date:23:1114.1082:i
2383:timestamptz_cmp_date:23:1184.1082:s 2400:array_recv:2277:2281.26.23:s 2401:array_send:17:2277:s
2402:record_recv:2249:2281.26.23:s 2403:record_send:17:2249:s 2404:int2recv:21:2281:i 2405:int2send:17:21:i
2406:int4recv:23:2281:i 2407:int4send:17:23:i 2408:int8recv:20:2281:i 2409:int8send:17:20:i
2410:int2vectorrecv:22:2281:i 2411:int2vectorsend:17:22:i 2412:bytearecv:17:2281:i 2413:byteasend:17:17:i
2414:textrecv:25:2281:s 2415:textsend:17:25:s 2416:unknownrecv:705:2281:i 2417:unknownsend:17:705:i
2418:oidrecv:26:2281:i 2419:oidsend:17:26:i 2420:oidvectorrecv:30:2281:i 2421:oidvectorsend:17:30:i
2422:namerecv:19:2281:s 2423:namesend:17:19:s 2424:float4recv:700:2281:i 2425:float4send:17:700:i
2426:float8recv:701:2281:i 2427:float8send:17:701:i 2430:bpcharrecv:1042:2281.26.23:s 2431:bpcharsend:17:1042:s
2432:varcharrecv:1043:2281.26.23:s 2433:varcharsend:17:1043:s 2434:charrecv:18:2281:i 2435:charsend:17:18:i
2436:boolrecv:16:2281:i 2437:boolsend:17:16:i 2438:tidrecv:27:2281:i 2439:tidsend:17:27:i 2440:xidrecv:28:2281:i
2441:xidsend:17:28:i 2442:cidrecv:29:2281:i 2443:cidsend:17:29:i 2444:regprocrecv:24:2281:i 2445:regprocsend:17:24:i
2446:regprocedurerecv:2202:2281:i 2447:regproceduresend:17:2202:i 2448:regoperrecv:2203:2281:i
2449:regopersend:17:2203:i 2450:regoperatorrecv:2204:2281:i 2451:regoperatorsend:17:2204:i
2452:regclassrecv:2205:2281:i 2453:regclasssend:17:2205:i 2454:regtyperecv:2206:2281:i 2455:regtypesend:17:2206:i
2460:numeric_recv:1700:2281.26.23:i 2461:numeric_send:17:1700:i 2468:date_recv:1082:2281:i 2469:date_send:17:1082:i
2470:time_recv:1083:2281.26.23:i 2471:time_send:17:1083:i 2472:timetz_recv:1266:2281.26.23:i
2473:timetz_send:17:1266:i 2474:timestamp_recv:1114:2281.26.23:i 2475:timestamp_send:17:1114:i
2476:timestamptz_recv:1184:2281.26.23:i 2477:timestamptz_send:17:1184:i 2478:interval_recv:1186:2281.26.23:i
2479:interval_send:17:1186:i 2500:cstring_recv:2275:2281:s 2501:cstring_send:17:2275:s 2502:anyarray_recv:2277:2281:s
2503:anyarray_send:17:2277:s 2526:timestamp_cmp_timestamptz:23:1114.1184:s
2533:timestamptz_cmp_timestamp:23:1184.1114:s 2557:bool:16:23:i 2558:int4:23:16:i 2580:float8:701:3802:i
2777:anynonarray_in:2776:2275:i 2778:anynonarray_out:2275:2776:i 2794:bttidcmp:23:27.27:i
2903:intervaltypmodin:23:1263:i 2904:intervaltypmodout:2275:23:i 2905:timestamptypmodin:23:1263:i
2906:timestamptypmodout:2275:23:i 2907:timestamptztypmodin:23:1263:i 2908:timestamptztypmodout:2275:23:i
2909:timetypmodin:23:1263:i 2910:timetypmodout:2275:23:i 2911:timetztypmodin:23:1263:i 2912:timetztypmodout:2275:23:i
2913:bpchartypmodin:23:1263:i 2914:bpchartypmodout:2275:23:i 2915:varchartypmodin:23:1263:i
2916:varchartypmodout:2275:23:i 2917:numerictypmodin:23:1263:i 2918:numerictypmodout:2275:23:i
2952:uuid_in:2950:2275:i 2953:uuid_out:2275:2950:i 2960:uuid_cmp:23:2950.2950:i 2961:uuid_recv:2950:2281:i
2962:uuid_send:17:2950:i 2963:uuid_hash:23:2950:i 2971:text:25:16:i 2987:btrecordcmp:23:2249.2249:i
3120:void_recv:2278:2281:i 3121:void_send:17:2278:i 3129:btint2sortsupport:2278:2281:i
3130:btint4sortsupport:2278:2281:i 3131:btint8sortsupport:2278:2281:i 3132:btfloat4sortsupport:2278:2281:i
3133:btfloat8sortsupport:2278:2281:i 3134:btoidsortsupport:2278:2281:i 3135:btnamesortsupport:2278:2281:i
3136:date_sortsupport:2278:2281:i 3137:timestamp_sortsupport:2278:2281:i 3187:btrecordimagecmp:23:2249.2249:i
3229:pg_lsn_in:3220:2275:i 3230:pg_lsn_out:2275:3220:i 3238:pg_lsn_recv:3220:2281:i 3239:pg_lsn_send:17:3220:i
3251:pg_lsn_cmp:23:3220.3220:i 3252:pg_lsn_hash:23:3220:i 3255:bttextsortsupport:2278:2281:i
3283:numeric_sortsupport:2278:2281:i 3300:uuid_sortsupport:2278:2281:i 3328:bpchar_sortsupport:2278:2281:i
3331:bytea_sortsupport:2278:2281:i 3332:bttext_pattern_sortsupport:2278:2281:i
3333:btbpchar_pattern_sortsupport:2278:2281:i 3409:time_hash_extended:20:1083.20:i
3410:timetz_hash_extended:20:1266.20:i 3411:timestamp_hash_extended:20:1114.20:i 3412:uuid_hash_extended:20:2950.20:i
3413:pg_lsn_hash_extended:20:3220.20:i 3416:jsonb_hash_extended:20:3802.20:i 3418:interval_hash_extended:20:1186.20:i
3449:numeric:1700:3802:i 3450:int2:21:3802:i 3451:int4:23:3802:i 3452:int8:20:3802:i 3453:float4:700:3802:i
3556:bool:16:3802:i 3803:jsonb_send:17:3802:i 3804:jsonb_out:2275:3802:i 3805:jsonb_recv:3802:2281:i
3806:jsonb_in:3802:2275:i 3816:array_typanalyze:16:2281:s 4044:jsonb_cmp:23:3802.3802:i 4045:jsonb_hash:23:3802:i
4084:regnamespacein:4089:2275:s 4085:regnamespaceout:2275:4089:s 4087:regnamespacerecv:4089:2281:i
4088:regnamespacesend:17:4089:i 4092:regroleout:2275:4096:s 4094:regrolerecv:4096:2281:i 4095:regrolesend:17:4096:i
4098:regrolein:4096:2275:s 4126:in_range:16:20.20.20.16.16:i 4127:in_range:16:23.23.20.16.16:i
4128:in_range:16:23.23.23.16.16:i 4129:in_range:16:23.23.21.16.16:i 4130:in_range:16:21.21.20.16.16:i
4131:in_range:16:21.21.23.16.16:i 4132:in_range:16:21.21.21.16.16:i 4133:in_range:16:1082.1082.1186.16.16:i
4134:in_range:16:1114.1114.1186.16.16:i 4135:in_range:16:1184.1184.1186.16.16:s
4136:in_range:16:1186.1186.1186.16.16:i 4137:in_range:16:1083.1083.1186.16.16:i
4138:in_range:16:1266.1266.1186.16.16:i 4139:in_range:16:701.701.701.16.16:i 4140:in_range:16:700.700.701.16.16:i
4141:in_range:16:1700.1700.1700.16.16:i 4193:regcollationin:4191:2275:s 4194:regcollationout:2275:4191:s
4196:regcollationrecv:4191:2281:i 4197:regcollationsend:17:4191:i 5050:btvarstrequalimage:16:26:i
5051:btequalimage:16:26:i 5070:xid8in:5069:2275:i 5071:xid:28:5069:i 5081:xid8out:2275:5069:i
5082:xid8recv:5069:2281:i 5083:xid8send:17:5069:i 5086:anycompatible_in:5077:2275:i 5087:anycompatible_out:2275:5077:i
5088:anycompatiblearray_in:5078:2275:i 5089:anycompatiblearray_out:2275:5078:s
5090:anycompatiblearray_recv:5078:2281:s 5091:anycompatiblearray_send:17:5078:s
5092:anycompatiblenonarray_in:5079:2275:i 5093:anycompatiblenonarray_out:2275:5079:i 5096:xid8cmp:23:5069.5069:i
6098:jsonb_subscript_handler:2281:2281:i 6179:array_subscript_handler:2281:2281:i
6180:raw_array_subscript_handler:2281:2281:i 6192:hash_record:23:2249:i 6193:hash_record_extended:20:2249.20:i
"""

CASTS = """
20:21:10000:714:a:f 20:23:10001:480:a:f 20:700:10002:652:i:f 20:701:10003:482:i:f 20:1700:10004:1781:i:f
21:20:10005:754:i:f 21:23:10006:313:i:f 21:700:10007:236:i:f 21:701:10008:235:i:f 21:1700:10009:1782:i:f
23:20:10010:481:i:f 23:21:10011:314:a:f 23:700:10012:318:i:f 23:701:10013:316:i:f 23:1700:10014:1740:i:f
700:20:10015:653:a:f 700:21:10016:238:a:f 700:23:10017:319:a:f 700:701:10018:311:i:f 700:1700:10019:1742:a:f
701:20:10020:483:a:f 701:21:10021:237:a:f 701:23:10022:317:a:f 701:700:10023:312:a:f 701:1700:10024:1743:a:f
1700:20:10025:1779:a:f 1700:21:10026:1783:a:f 1700:23:10027:1744:a:f 1700:700:10028:1745:i:f 1700:701:10029:1746:i:f
23:16:10034:2557:e:f 16:23:10035:2558:e:f 5069:28:10036:5071:e:f 20:26:10037:1287:i:f 21:26:10038:313:i:f
23:26:10039:0:i:b 26:20:10040:1288:a:f 26:23:10041:0:a:b 26:24:10042:0:i:b 24:26:10043:0:i:b 20:24:10044:1287:i:f
21:24:10045:313:i:f 23:24:10046:0:i:b 24:20:10047:1288:a:f 24:23:10048:0:a:b 24:2202:10049:0:i:b 2202:24:10050:0:i:b
26:2202:10051:0:i:b 2202:26:10052:0:i:b 20:2202:10053:1287:i:f 21:2202:10054:313:i:f 23:2202:10055:0:i:b
2202:20:10056:1288:a:f 2202:23:10057:0:a:b 26:2203:10058:0:i:b 2203:26:10059:0:i:b 20:2203:10060:1287:i:f
21:2203:10061:313:i:f 23:2203:10062:0:i:b 2203:20:10063:1288:a:f 2203:23:10064:0:a:b 2203:2204:10065:0:i:b
2204:2203:10066:0:i:b 26:2204:10067:0:i:b 2204:26:10068:0:i:b 20:2204:10069:1287:i:f 21:2204:10070:313:i:f
23:2204:10071:0:i:b 2204:20:10072:1288:a:f 2204:23:10073:0:a:b 26:2205:10074:0:i:b 2205:26:10075:0:i:b
20:2205:10076:1287:i:f 21:2205:10077:313:i:f 23:2205:10078:0:i:b 2205:20:10079:1288:a:f 2205:23:10080:0:a:b
26:4191:10081:0:i:b 4191:26:10082:0:i:b 20:4191:10083:1287:i:f 21:4191:10084:313:i:f 23:4191:10085:0:i:b
4191:20:10086:1288:a:f 4191:23:10087:0:a:b 26:2206:10088:0:i:b 2206:26:10089:0:i:b 20:2206:10090:1287:i:f
21:2206:10091:313:i:f 23:2206:10092:0:i:b 2206:20:10093:1288:a:f 2206:23:10094:0:a:b 25:2205:10109:1079:i:f
1043:2205:10110:1079:i:f 26:4096:10111:0:i:b 4096:26:10112:0:i:b 20:4096:10113:1287:i:f 21:4096:10114:313:i:f
23:4096:10115:0:i:b 4096:20:10116:1288:a:f 4096:23:10117:0:a:b 26:4089:10118:0:i:b 4089:26:10119:0:i:b
20:4089:10120:1287:i:f 21:4089:10121:313:i:f 23:4089:10122:0:i:b 4089:20:10123:1288:a:f 4089:23:10124:0:a:b
25:1042:10125:0:i:b 25:1043:10126:0:i:b 1042:25:10127:401:i:f 1042:1043:10128:401:i:f 1043:25:10129:0:i:b
1043:1042:10130:0:i:b 18:25:10131:946:i:f 18:1042:10132:860:a:f 18:1043:10133:946:a:f 19:25:10134:406:i:f
19:1042:10135:408:a:f 19:1043:10136:1401:a:f 25:18:10137:944:a:f 1042:18:10138:944:a:f 1043:18:10139:944:a:f
25:19:10140:407:i:f 1042:19:10141:409:i:f 1043:19:10142:1400:i:f 18:23:10143:77:e:f 23:18:10144:78:e:f
194:25:10145:0:i:b 1082:1114:10152:2024:i:f 1082:1184:10153:1174:i:f 1083:1186:10154:1370:i:f 1083:1266:10155:2047:i:f
1114:1082:10156:2029:a:f 1114:1083:10157:1316:a:f 1114:1184:10158:2028:i:f 1184:1082:10159:1178:a:f
1184:1083:10160:2019:a:f 1184:1114:10161:2027:a:f 1184:1266:10162:1388:a:f 1186:1083:10163:1419:a:f
1266:1083:10164:2046:a:f 16:25:10191:2971:a:f 16:1043:10196:2971:a:f 16:1042:10201:2971:a:f 1042:1042:10204:668:i:f
1043:1043:10205:669:i:f 1083:1083:10206:1968:i:f 1114:1114:10207:1961:i:f 1184:1184:10208:1967:i:f
1186:1186:10209:1200:i:f 1266:1266:10210:1969:i:f 1700:1700:10213:1703:i:f 114:3802:10214:0:a:i 3802:114:10215:0:a:i
3802:16:10216:3556:e:f 3802:1700:10217:3449:e:f 3802:21:10218:3450:e:f 3802:23:10219:3451:e:f 3802:20:10220:3452:e:f
3802:700:10221:3453:e:f 3802:701:10222:2580:e:f
"""

// The process_* series, as Prometheus client libraries export them, read from /proc at scrape time.
#pragma once

#include "detectors/time.h"

#include <prometheus/collectable.h>

#include <memory>

namespace surged::daemon {

// process_cpu_seconds_total, process_open_fds, process_max_fds, process_virtual_memory_bytes,
// process_virtual_memory_max_bytes, process_resident_memory_bytes, process_start_time_seconds. A
// file of /proc that cannot be read leaves its series out. `started` is ours to say: the hardened
// unit hides /proc/stat, which has the boot time.
std::shared_ptr<prometheus::Collectable> process_collector(detectors::WallTime started);

}  // namespace surged::daemon

#include "daemon/process_metrics.h"

#include "exporters/metrics.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace surged::daemon {
namespace {

using exporters::FamilyBuilder;

// Fields of /proc/self/stat behind the command name, which may hold spaces: [0] is the state (field
// 3 of proc(5)).
std::vector<std::string> stat_fields() {
    std::ifstream in("/proc/self/stat");
    std::string line;
    std::getline(in, line);
    std::size_t const end = line.rfind(')');
    if (end == std::string::npos) return {};
    std::istringstream rest(line.substr(end + 1));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;) fields.push_back(field);
    return fields;
}

double limit(__rlimit_resource resource) {
    rlimit value{};
    if (getrlimit(resource, &value) != 0 || value.rlim_cur == RLIM_INFINITY) return -1;
    return double(value.rlim_cur);
}

class ProcessCollector final : public prometheus::Collectable {
public:
    explicit ProcessCollector(detectors::WallTime started) : started_(started) {}
    std::vector<prometheus::MetricFamily> Collect() const override {
        FamilyBuilder out;
        auto const one = [&](char const* name, char const* help, prometheus::MetricType type,
                             double value) {
            out.begin(name, help, type);
            out.add({}, value);
        };
        using prometheus::MetricType;
        double const ticks = double(sysconf(_SC_CLK_TCK));
        auto const stat = stat_fields();
        if (stat.size() > 21) {
            one("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter,
                (std::stod(stat[11]) + std::stod(stat[12])) / ticks);
            one("process_start_time_seconds", "Start of the process since the epoch.",
                MetricType::Gauge,
                std::chrono::duration<double>(started_.time_since_epoch()).count());
            one("process_virtual_memory_bytes", "Virtual memory size.", MetricType::Gauge,
                std::stod(stat[20]));
            one("process_resident_memory_bytes", "Resident memory size.", MetricType::Gauge,
                std::stod(stat[21]) * double(sysconf(_SC_PAGESIZE)));
        }
        std::error_code error;
        double open = 0;
        for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
             !error && it != std::filesystem::directory_iterator(); it.increment(error))
            ++open;
        if (!error) one("process_open_fds", "Open file descriptors.", MetricType::Gauge, open);
        one("process_max_fds", "Most file descriptors it may open.", MetricType::Gauge,
            limit(RLIMIT_NOFILE));
        one("process_virtual_memory_max_bytes", "Most virtual memory it may have; -1: no limit.",
            MetricType::Gauge, limit(RLIMIT_AS));
        return out.take();
    }

private:
    detectors::WallTime started_;
};

}  // namespace

std::shared_ptr<prometheus::Collectable> process_collector(detectors::WallTime started) {
    return std::make_shared<ProcessCollector>(started);
}

}  // namespace surged::daemon

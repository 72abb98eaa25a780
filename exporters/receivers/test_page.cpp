#include "exporters/receivers/test_page.h"

namespace surged::exporters {

detectors::Event test_event(std::string const& receiver, detectors::WallTime now) {
    detectors::Event event;
    event.name = detectors::EventName::incident_note;
    event.at = now;
    event.drill = true;
    event.note = "a test page";
    event.summary = "TEST from surged: if you read this, receiver '" + receiver + "' works";
    return event;
}

}  // namespace surged::exporters

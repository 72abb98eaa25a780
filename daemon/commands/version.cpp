#include "daemon/commands/version.h"

#include "daemon/exit_codes.h"

#include <boost/version.hpp>
#include <simdjson.h>

#include <openssl/crypto.h>
#include <sqlite3.h>

namespace surged::daemon {

int version(std::ostream& out) {
#ifdef __clang__
    char const* const compiler = "clang " __clang_version__;
#else
    char const* const compiler = "gcc " __VERSION__;
#endif
    out << "surged " SURGED_VERSION "\n"
        << "commit   " SURGED_REVISION "\n"
        << "compiler " << compiler << "\n"
        << "boost    " << BOOST_VERSION / 100000 << "." << BOOST_VERSION / 100 % 1000 << "\n"
        << "openssl  " << OpenSSL_version(OPENSSL_VERSION_STRING) << "\n"
        << "simdjson " << simdjson::SIMDJSON_VERSION_MAJOR << "."
        << simdjson::SIMDJSON_VERSION_MINOR << "." << simdjson::SIMDJSON_VERSION_REVISION << "\n"
        << "sqlite   " << sqlite3_libversion() << "\n";
    return kExitOk;
}

}  // namespace surged::daemon

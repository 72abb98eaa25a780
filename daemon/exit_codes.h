// The exit codes of contract section 2.
#pragma once

namespace surged::daemon {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;  // refused, not found; a broken journal
inline constexpr int kExitUsage =
    2;  // wrong usage, invalid configuration, unusable input, no journal
inline constexpr int kExitState = 3;  // state directory unusable, in use, or newer than the program
inline constexpr int kExitListen = 4;       // cannot listen
inline constexpr int kExitUnreachable = 5;  // no daemon answers

}  // namespace surged::daemon

#include "cli/signals.h"

#include <signal.h>

#include <initializer_list>

#include <atomic>

namespace convbert::app {
namespace {

std::atomic<CancelToken*> current_token{nullptr};
std::atomic<int> caught_signal{0};

extern "C" void request_stop(int signal) {
  caught_signal.store(signal);
  if (CancelToken* token = current_token.load()) token->request();
}

}  // namespace

void ignore_write_signals() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  ::sigaction(SIGXFSZ, &ignore, nullptr);
}

SignalGuard::SignalGuard(CancelToken& cancel) {
  caught_signal.store(0);
  current_token.store(&cancel);
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    // A parent that ignores it (nohup, a shell's background job) keeps it ignored.
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
}

// From here on a signal ends the process again, so that none is lost before the next guard.
SignalGuard::~SignalGuard() {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == request_stop) ::signal(signal, SIG_DFL);
  }
  current_token.store(nullptr);
}

int SignalGuard::caught() const { return caught_signal.load(); }

}  // namespace convbert::app

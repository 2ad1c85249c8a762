#include "support/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace convbert::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLimit = std::chrono::seconds(60);

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read = ends[0];
    write = ends[1];
  }
};

// A terminal of that width; what a program on it writes is read from `master`.
struct Terminal {
  int master = -1;
  int slave = -1;
  explicit Terminal(int columns) {
    master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
    slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const winsize size{25, static_cast<unsigned short>(columns), 0, 0};
    if (slave < 0 || ::ioctl(master, TIOCSWINSZ, &size) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
  }
};

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

// Of this process and those that it becomes.
void limit(__rlimit_resource_t resource, std::int64_t most) {
  if (most == 0) return;
  const auto bytes = static_cast<rlim_t>(most);
  const rlimit limits{bytes, bytes};
  ::setrlimit(resource, &limits);
}

int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool has_terminals() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  const bool is_one = master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0;
  if (master >= 0) ::close(master);
  return is_one;
}

Process::Process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> all{CONVBERT_BINARY};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // Made before fork(): the child may only call what is safe after it.
  std::vector<std::string> settings;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string setting = *entry;
    const std::string name = setting.substr(0, setting.find('='));
    if (!options.environment.contains(name) && name != "CONVBERT_MODEL")
      settings.push_back(setting);
  }
  for (const auto& [name, value] : options.environment) settings.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& setting : settings) envp.push_back(setting.data());
  envp.push_back(nullptr);

  Pipe in;
  Pipe out;
  Pipe err;
  std::optional<Terminal> terminal;
  if (!options.terminals.empty()) terminal.emplace(options.columns);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in.read, STDIN_FILENO);
    ::dup2(err.write, STDERR_FILENO);
    const int target = options.output_path.empty()
                           ? out.write
                           : ::open(options.output_path.c_str(), O_WRONLY | O_CREAT, 0644);
    ::dup2(target, STDOUT_FILENO);
    if (options.nonblocking_output) ::fcntl(STDOUT_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK);
    for (const int descriptor : options.terminals) ::dup2(terminal->slave, descriptor);
    for (const int descriptor : options.closed) ::close(descriptor);
    limit(RLIMIT_FSIZE, options.most_file_bytes);
    limit(RLIMIT_AS, options.most_memory_bytes);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
    ::execve(CONVBERT_BINARY, argv.data(), envp.data());
    ::_exit(127);
  }
  close_if_open(in.read);
  close_if_open(out.write);
  close_if_open(err.write);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  if (terminal) {
    close_if_open(terminal->slave);
    close_if_open(err_);
    err_ = terminal->master;
    if (std::ranges::count(options.terminals, STDIN_FILENO) > 0) {
      close_if_open(in_);
      in_ = ::fcntl(terminal->master, F_DUPFD_CLOEXEC, 0);
    }
  }
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  close_if_open(in_);
  close_if_open(out_);
  close_if_open(err_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

// Reads what there is within the time; false when both outputs have ended.
bool Process::pump(int timeout_ms) {
  std::array<pollfd, 2> waiting{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  if (out_ < 0 && err_ < 0) return false;
  ::poll(waiting.data(), waiting.size(), timeout_ms);
  const auto take = [](int& descriptor, short events, std::string& text) {
    if (descriptor < 0 || events == 0) return;
    std::array<char, 1 << 16> buffer;
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      close_if_open(descriptor);
    }
  };
  take(out_, waiting[0].revents, out_text_);
  take(err_, waiting[1].revents, err_text_);
  return out_ >= 0 || err_ >= 0;
}

void Process::write(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(in_, text.data() + done, text.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      pump(10);  // it may wait for us to read
    } else {
      return;  // it has ended: its status tells
    }
  }
}

void Process::close_input() { close_if_open(in_); }
void Process::close_output() { close_if_open(out_); }
void Process::signal(int number) { ::kill(pid_, number); }

std::string Process::read_line() {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (Clock::now() < deadline) {
    const std::size_t end = out_text_.find('\n');
    if (end != std::string::npos) {
      const std::string line = out_text_.substr(0, end);
      out_text_.erase(0, end + 1);
      return line;
    }
    if (!pump(50)) break;
  }
  return "";
}

bool Process::read_error(const std::string& text) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (err_text_.find(text) == std::string::npos && Clock::now() < deadline) {
    if (!pump(50)) break;
  }
  return err_text_.find(text) != std::string::npos;
}

bool Process::has_ended() const {
  siginfo_t ended{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == pid_;
}

ProcessResult Process::wait() {
  close_input();
  const auto deadline = Clock::now() + kLimit;
  while (pump(100)) {
    if (Clock::now() > deadline) ::kill(pid_, SIGKILL);
  }
  int status = 0;
  rusage usage{};
  ::wait4(pid_, &status, 0, &usage);
  pid_ = -1;
  constexpr std::int64_t kKibibyte = 1024;
  return {exit_status(status), out_text_, err_text_, usage.ru_maxrss * kKibibyte};
}

ProcessResult run_convbert(const std::vector<std::string>& arguments,
                           const ProcessOptions& options) {
  Process process(arguments, options);
  process.write(options.input);
  return process.wait();
}

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "convbert-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string TemporaryFolder::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

void check_refused(const ProcessResult& result, const std::string& reason) {
  INFO(result.err);
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err.starts_with("convbert: error: "));
  CHECK(std::ranges::count(result.err, '\n') == 1);
  CHECK(result.err.find(reason) != std::string::npos);
}

void check_stopped(const ProcessResult& result, const std::string& reason) {
  INFO(result.err);
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  const std::vector<std::string> lines = split_lines(result.err);
  REQUIRE(!lines.empty());
  CHECK(lines.back().starts_with("convbert: error: "));
  CHECK(lines.back().find(reason) != std::string::npos);
}

std::vector<std::string> with(std::vector<std::string> first,
                              const std::vector<std::string>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

std::map<std::string, std::string> files_of(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    files[std::filesystem::relative(entry.path(), directory).string()] =
        read_file(entry.path().string());
  }
  return files;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string compressed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace convbert::test

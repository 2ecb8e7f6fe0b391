// A reference to something callable, for parameters: no allocation, valid while the callee lives.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace gradmill {

template <class Signature>
class FunctionRef;

template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class Callee, class = std::enable_if_t<!std::is_same_v<std::decay_t<Callee>, FunctionRef>>>
  FunctionRef(Callee&& callee)
      : callee_(const_cast<void*>(static_cast<const void*>(std::addressof(callee)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Callee>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(callee_, std::forward<Arguments>(arguments)...); }

 private:
  void* callee_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace gradmill

# language: zh-CN
功能: 活查封 · Live seizure: sealed, and still in use

  查封登记、限制过户,但允许被执行人继续使用,以免影响生产生活。
  The title is sealed and cannot be transferred, and the owner goes on using the thing.

  场景: 车辆活查封,两年后届满 · A vehicle sealed live, for two years
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    当 甲法院活查封车辆80000元
    # When court A seals the vehicle live
    那么 任务发往车辆管理所
    # Then the task goes to the vehicle registry
    而且 任务写明允许继续使用
    # And says that use is permitted
    当 车辆管理所反馈已查封80000元,自2026年11月23日起,至2028年11月22日止
    # When the registry has sealed it for two years
    那么 甲法院对车辆的措施为活查封
    # Then it is a live seizure, in effect
    当 时间到了2028年11月23日0时
    # When two years are over
    那么 甲法院收到提示"措施届满失效"
    # Then it has lapsed like any other

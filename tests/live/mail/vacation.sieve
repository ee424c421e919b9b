require ["vacation"];
vacation :days 1 :subject "Out of office" :addresses ["vacation@prospect.test"] "I am away until Monday.";

package web

// iconPath is the drawing of an icon on a 24 × 24 field.
func iconPath(name string) string {
	switch name {
	case "search":
		return "m20 20-4.2-4.2M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z"
	case "moon":
		return "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z"
	case "sun":
		return "M12 7.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4"
	case "system":
		return "M4.5 5.5h15v10.5h-15ZM9 20h6M12 16v4"
	case "clock":
		return "M12 7.5V12l3 2M20 12a8 8 0 1 1-16 0 8 8 0 0 1 16 0Z"
	case "quiet":
		return "M9 9V7a3 3 0 0 1 6 0v4m-.6 2.5A3 3 0 0 1 9 12M6 11.5a6 6 0 0 0 9.5 4.9M18 11.5c0 .9-.2 1.8-.5 2.5M12 17.5V20M5 5l14 14"
	case "arrow":
		return "M5 12h13m-5-5 5 5-5 5"
	case "star":
		return "m12 4 2.4 5.2 5.6.6-4.2 3.8 1.2 5.6L12 16.4l-5 2.8 1.2-5.6L4 9.8l5.6-.6Z"
	case "chat":
		return "M5 6h14v10H11l-4 3.5V16H5Z"
	case "sprout":
		return "M12 20v-8M12 12c0-4-3-6-7-6 0 4 3 6 7 6Zm0 2c0-3.5 2.5-5.5 6.5-5.5 0 3.5-2.5 5.5-6.5 5.5Z"
	case "home":
		return "M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4v-5H9v5H5a1 1 0 0 1-1-1Z"
	case "orders":
		return "M6 4h12v16l-3-1.8-3 1.8-3-1.8L6 20ZM9.5 9h5M9.5 13h5"
	case "inbox":
		return "M4 13.5 6.4 6a1 1 0 0 1 1-.7h9.2a1 1 0 0 1 1 .7L20 13.5V18a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1Zm0 0h4.5l1 2.5h5l1-2.5H20"
	case "person":
		return "M15.5 8.5a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM5 20c.6-4 3.4-6 7-6s6.4 2 7 6"
	case "filter":
		return "M4 7h10M18 7h2M4 17h2M10 17h10M18 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM10 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z"
	}
	return actionPath(name)
}

// actionPath is the drawing of an icon that stands on a button or in a list.
func actionPath(name string) string {
	switch name {
	case "save":
		return "M12 5v10M7.5 11l4.5 4.5 4.5-4.5M5 19h14"
	case "down":
		return "m8 10 4 4 4-4"
	case "bookmark":
		return "M7 4.5h10v15l-5-3.6-5 3.6Z"
	case "feed":
		return "M6 18.5h.01M5 12a7 7 0 0 1 7 7M5 6a13 13 0 0 1 13 13"
	case "cross":
		return "m7 7 10 10M17 7 7 17"
	case "plus":
		return "M12 5v14M5 12h14"
	case "check":
		return "m6 12.5 4 4 8-9"
	case "copy":
		return "M9 9h10v10H9ZM15 9V5H5v10h4"
	case "call":
		return "M4.5 7h10v10h-10ZM14.5 11l5-3v8l-5-3"
	case "review":
		return "m9 8-4 4 4 4M15 8l4 4-4 4"
	case "group":
		return "M12.5 9a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM3.5 19c.5-3.3 2.8-5 6-5s5.5 1.7 6 5M15 6.2a3 3 0 0 1 0 5.6M17.5 14.5c1.8.700 2.8 2.2 3.1 4.5"
	case "plan":
		return "M6 4.5h12v15H6ZM9 9h6M9 12.5h6M9 16h3"
	case "globe":
		return "M20 12a8 8 0 1 1-16 0 8 8 0 0 1 16 0ZM4 12h16M12 4c2.5 2.3 3.5 5 3.5 8s-1 5.7-3.5 8c-2.5-2.3-3.5-5-3.5-8s1-5.7 3.5-8Z"
	case "link":
		return "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"
	case "pause":
		return "M9 7v10M15 7v10"
	case "edit":
		return "M5 19l1-4L15.5 5.5l3 3L9 18ZM13.5 7.5l3 3"
	case "shield":
		return "M12 4l6.5 2.5V12c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8V6.5Z"
	case "warn":
		return "M12 5l8 14H4ZM12 10.5v4M12 17h.01"
	case "info":
		return "M20 12a8 8 0 1 1-16 0 8 8 0 0 1 16 0ZM12 11.5V16M12 8.3h.01"
	case "gift":
		return "M5 11h14v9H5ZM4 7.5h16V11H4ZM12 7.5V20M12 7.5C9 7.5 7.5 6 8 4.7s3.2-.7 4 2.8c.8-3.5 3.5-4.1 4-2.8s-1 2.8-4 2.8Z"
	case "services":
		return "M5 5h6v6H5ZM13 5h6v6h-6ZM5 13h6v6H5ZM13 13h6v6h-6Z"
	case "admin":
		return "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h10M18 17h2M17 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM11 12a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM18 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z"
	case "key":
		return "M14 10a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM13 12.8l6 6M16.5 16.3l2-2"
	}
	return ""
}
